import { spawn, spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { hasLauncher } from "./launch.ts";

const launch = new URL("launch.ts", import.meta.url).href;
const sizes = (await hasLauncher()) ? [1, 2] : [1];

/** The processes of a job that is told apart by a number in its request. */
function processes(mark: number): number {
  return spawnSync("pgrep", ["--full", `job.ts .*${mark}`], { encoding: "utf8" }).stdout.split("\n").length - 1;
}

test.each(sizes)(
  "a job on %i ranks ends with the process that started it, even where that is killed",
  async (ranks) => {
    const mark = 1_000_000 * ranks + process.pid;
    const request = { kind: "validation", frames: [1], microBatch: 1, times: { 1: mark }, waits: true, rounds: 9 };
    const program = `const { runJob } = await import("${launch}"); await runJob(${ranks}, ${JSON.stringify(request)}, null);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "ignore" });
    // The launcher is one more.
    const running = ranks === 1 ? 1 : ranks + 1;
    while (processes(mark) < running) await setTimeout(20);
    // Rank 0 listens from its first meeting on.
    await setTimeout(1500);
    expect(processes(mark)).toBe(running);
    parent.kill("SIGKILL");
    const killed = performance.now();
    while (processes(mark) > 0 && performance.now() - killed < 10_000) await setTimeout(20);
    expect(processes(mark)).toBe(0);
  },
);
