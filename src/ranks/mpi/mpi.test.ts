import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { summedInOneProcess } from "../testing/local-worlds.ts";
import { findLaunchers, type JobResult, type Launcher, lines, onceReady, runRanks } from "./testing/launcher.ts";

const job = fileURLToPath(new URL("testing/job.ts", import.meta.url));
const installed = findLaunchers();

describe.each([
  ["Open MPI", "openmpi-bin"],
  ["MPICH", "mpich"],
] as const)("ranks by %s (Debian's package %s)", (name, debianPackage) => {
  const launcher = installed.find((candidate) => candidate.name === name);
  const absent = launcher === undefined ? ` (skipped: ${debianPackage} is not installed)` : "";

  function onRanks(what: string, run: (launcher: Launcher) => Promise<void>) {
    test.skipIf(launcher === undefined)(what + absent, async () => {
      if (launcher !== undefined) await run(launcher);
    });
  }

  onRanks("the sum of 1 to 9 gradients over 1, 2, 3 and 4 ranks has the bits of one process", async (on) => {
    const expected = Array.from({ length: 9 }, (_, at) =>
      createHash("sha256")
        .update(summedInOneProcess(at + 1))
        .digest("hex"),
    );
    for (const size of [1, 2, 3, 4]) {
      const { status, output } = await runRanks(on, size, [job, "sums"], { seconds: 60 });
      expect(lines(output, "hashes").map(({ hashes }) => hashes)).toEqual(Array.from({ length: size }, () => expected));
      expect(status).toBe(0);
    }
  });

  onRanks("bytes, arrays and statements come to all of three ranks, whole or in pieces", async (on) => {
    for (const how of ["gathers", "pieces"]) {
      const { status, output } = await runRanks(on, 3, [job, how], { seconds: 60 });
      const expected = {
        gathered: [
          [0, 0],
          [10_001, 20_002],
          [20_002, 60_006],
        ],
        array: true,
        sum: [3, 0.1 + 0.1 + 0.1],
        stop: true,
      };
      expect(lines(output, "gathered")).toEqual([expected, expected, expected]);
      expect(status).toBe(0);
    }
  });

  onRanks("the event loop stays free while a rank waits", async (on) => {
    const { output } = await runRanks(on, 2, [job, "waits"], { seconds: 60 });
    for (const { turns } of lines(output, "turns")) expect(turns).toBeGreaterThan(20);
  });

  onRanks("a rank that is killed ends the job within seconds, and is named", async (on) => {
    let killed = 0;
    const started = onceReady(3, ([, process1 = 0]) => {
      killed = process1;
      process.kill(process1, "SIGKILL");
    });
    const { status, output, seconds } = await runRanks(on, 3, [job, "steps"], { seconds: 60, started });
    expect(status).not.toBe(0);
    // MPICH's launcher is quicker than our ranks to end them, and names the process that it happens to bury first.
    expect(output).toMatch(
      name === "MPICH"
        ? new RegExp(`rank 1 \\(process ${killed} |PID \\d+ RUNNING AT`)
        : /stop: rank 1 \(process \d+ on .*\) ended|process rank 1 .* exited on signal 9/,
    );
    expect(seconds).toBeLessThan(20);
  });

  onRanks("a rank that runs out of memory ends the job within seconds, and is named", async (on) => {
    const { status, output, seconds } = await runRanks(on, 3, ["--max-old-space-size=40", job, "hoard"], {
      seconds: 60,
    });
    const ended = lines(output, "rank").find(({ rank }) => rank === 1)?.process;
    expect(output).toMatch(
      name === "MPICH"
        ? new RegExp(`rank 1 \\(process ${ended} .* ended|PID \\d+ RUNNING AT`)
        : new RegExp(`rank 1 \\(process ${ended} .* ended|process rank 1 .* exited on signal 6`),
    );
    expect(output).toContain("JavaScript heap out of memory");
    expect(status).not.toBe(0);
    expect(seconds).toBeLessThan(30);
  });

  onRanks("a rank that computes without an end is named at the deadline, and so is one that is stopped", async (on) => {
    const endless = await runRanks(on, 3, [job, "loop"], { seconds: 60 });
    expectNamed(endless, /counts: rank 1 .*\) did not come within 2 s/);
    // Stopped before it says that it has come, or between that and its values.
    const started = onceReady(3, ([, , process2 = 0]) => process.kill(process2, "SIGSTOP"));
    expectNamed(await runRanks(on, 3, [job, "steps"], { seconds: 60, started }), /stop: .*rank 2 .*within 2 s/);
  });

  onRanks("a signal to the launcher stops all ranks at the same step, and in good order", async (on) => {
    // What Open MPI's mpirun passes on, and MPICH's.
    const signal = name === "Open MPI" ? "SIGUSR2" : "SIGTERM";
    const started = onceReady(3, (_, launcherProcess) => process.kill(launcherProcess, signal));
    const { status, output } = await runRanks(on, 3, [job, "steps"], { seconds: 60, started });
    const stopped = lines(output, "stopped");
    expect(stopped).toHaveLength(3);
    expect(new Set(stopped.map((line) => line.stopped)).size).toBe(1);
    expect(status).toBe(0);
  });
});

function expectNamed({ status, output, seconds }: JobResult, message: RegExp): void {
  expect(output).toMatch(message);
  expect(status).toBe(75);
  expect(seconds).toBeLessThan(20);
}
