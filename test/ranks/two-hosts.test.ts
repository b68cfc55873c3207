import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { userInfo } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { findLaunchers, lines, onceReady, runJob } from "../../src/ranks/mpi/testing/launcher.ts";
import { summedInOneProcess } from "../../src/ranks/testing/local-worlds.ts";

const script = fileURLToPath(new URL("two-hosts.sh", import.meta.url));
const job = fileURLToPath(new URL("../../src/ranks/mpi/testing/job.ts", import.meta.url));
const absent = whatIsAbsent();
const skipped = absent === null ? "" : ` (skipped: ${absent})`;

/** What keeps this machine from being two hosts. */
function whatIsAbsent(): string | null {
  if (!findLaunchers().some(({ name }) => name === "Open MPI")) return "openmpi-bin is not installed";
  if (userInfo().uid !== 0) return "network namespaces need root";
  const name = `armature-try-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return "ip netns does not work here";
  execFileSync("ip", ["netns", "del", name]);
  return spawnSync("unshare", ["--uts", "--pid", "--fork", "true"]).status === 0 ? null : "unshare does not work here";
}

test.skipIf(absent !== null)(`two ranks on two hosts, over TCP, have the bits of one process${skipped}`, async () => {
  const { status, output } = await runJob(script, [process.execPath, job, "sums"], { seconds: 60 });
  const expected = Array.from({ length: 9 }, (_, at) =>
    createHash("sha256")
      .update(summedInOneProcess(at + 1))
      .digest("hex"),
  );
  expect(lines(output, "hashes").map(({ hashes }) => hashes)).toEqual([expected, expected]);
  expect(status).toBe(0);
});

test.skipIf(absent !== null)(`a rank of another host that is killed ends the job and is named${skipped}`, async () => {
  const started = onceReady(2, () => {
    // Inside its own namespace of processes the rank has another number than out here.
    const [rank1] = spawnSync("pgrep", ["--newest", "--full", "testing/job.ts steps$"], {
      encoding: "utf8",
    }).stdout.split("\n");
    process.kill(Number(rank1), "SIGKILL");
  });
  const { status, output, seconds } = await runJob(script, [process.execPath, job, "steps"], { seconds: 60, started });
  expect(output).toMatch(/process rank [01] .* exited on signal 9|stop: rank 1 \(process \d+ on second\) did not come/);
  expect(status).not.toBe(0);
  expect(seconds).toBeLessThan(20);
});
