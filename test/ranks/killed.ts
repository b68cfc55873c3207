/**
 * A run on two ranks that is killed (`kill -9`) again and again at moments drawn by chance: is each checkpoint that stands whole, and does the
 * run that goes on each time end as one that nobody killed, to the bit? Each rank keeps the moments of a part of the weights (`divided.ts`).
 *
 *     node test/ranks/killed.ts --kills 50 --seed 1
 *
 * Takes about four minutes on two cores. Prints one line for each kill; ends with 1 at the first thing that does not hold.
 */
import { deepStrictEqual } from "node:assert";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { readManifest, readWeights } from "../../src/checkpoint/checkpoint.ts";
import { jsonOf, type Running, scratch } from "../end-to-end/command.ts";
import { checkpointsOf, contents } from "../end-to-end/run-files.ts";
import { beginOnRanks, onRanks, set, trainingOf } from "./launched.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
});
const kills = fc.sample(
  fc.record({
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    victim: fc.constantFrom("a rank", "the other", "all"),
  }),
  { numRuns: Number(values.kills), seed: Number(values.seed) },
);

const place = await scratch();
try {
  const divided = join(import.meta.dirname, "divided.ts");
  const words = (run: string) => trainingOf(divided, run, ...set("checkpoint.everySteps=5"));
  const began = performance.now();
  await onRanks(2, ...words(place.path("straight")));
  const wholeMs = performance.now() - began;
  const expected = await contents(place.path("straight"));
  let [runs, checkpoints] = [1, 0];
  for (let kill = 0; kill < kills.length; ) {
    const run = place.path(`run-${runs++}`);
    for (let isDone = false; !isDone; ) {
      const running = beginOnRanks(2, ...words(run), ...((await checkpointsOf(run)).length > 0 ? ["--resume"] : []));
      isDone = kill === kills.length || !(await killed(running, kills[kill]!.share * wholeMs, kills[kill]!.victim));
      if (isDone) jsonOf({ ...(await running.finished), out: "{}" });
      else {
        const whole = await wholeCheckpoints(run);
        checkpoints += whole;
        process.stdout.write(`kill ${++kill}: ${kills[kill - 1]!.victim}; ${whole} checkpoints, each whole\n`);
      }
    }
    deepStrictEqual(await contents(run), expected);
    process.stdout.write(`run ${runs - 1}: equal to the bit to the one that nobody killed\n`);
  }
  process.stdout.write(`${kills.length} kills, ${checkpoints} checkpoints read back, ${runs - 1} runs\n`);
} finally {
  await place.remove();
}

/** Kills ranks after a while, and waits until none is left. @returns whether it still ran */
async function killed({ child, finished }: Running, afterMs: number, victim: string): Promise<boolean> {
  await Promise.race([pause(afterMs), finished]);
  if (child.exitCode !== null || child.pid === undefined) return false;
  const ranks = await childrenOf(child.pid);
  const meant =
    victim === "a rank" ? ranks.slice(0, 1) : victim === "the other" ? ranks.slice(1) : [...ranks, child.pid];
  for (const one of meant.length > 0 ? meant : [child.pid]) end(one);
  await finished;
  for (const one of ranks) end(one);
  return true;
}

function end(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function childrenOf(launcher: number): Promise<number[]> {
  const text = await readFile(`/proc/${launcher}/task/${launcher}/children`, "utf8").catch(() => "");
  return text.trim().split(" ").filter(Boolean).map(Number);
}

/** Reads every checkpoint that stands, with its digests. @returns how many there are */
async function wholeCheckpoints(run: string): Promise<number> {
  const names = (await readdir(join(run, "checkpoints")).catch(() => [])).filter((name) => !name.endsWith(".partial"));
  for (const name of names) {
    const folder = join(run, "checkpoints", name);
    await readWeights(folder, await readManifest(folder));
  }
  return names.length;
}
