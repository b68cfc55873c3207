import { cp, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { readEvents } from "../../src/training/event-log.ts";
import { armature, jsonOf, scratch } from "../end-to-end/command.ts";
import { checkpointsOf, contents, type RunContents, untilStep } from "../end-to-end/run-files.ts";
import { beginOnRanks, launcher, onRanks, set, skipped, training } from "./launched.ts";

// Several jobs of several ranks each, on two cores that other tests use as well.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let place: Awaited<ReturnType<typeof scratch>>;
/** Fifty steps in one process. */
let straight = "";
let expected: RunContents = {};

beforeAll(async () => {
  place = await scratch();
  straight = place.path("straight");
  jsonOf(await armature(...training(straight), "--json"));
  expected = await contents(straight);
});
afterAll(() => place.remove());

describe.skipIf(launcher === undefined)(`ranks that mpirun started${skipped}`, () => {
  it("two of them train fifty steps to the weights, moments, losses and validations of one process, to the bit", async () => {
    const run = place.path("two");
    await onRanks(2, ...training(run));
    expectSameBits("run", await contents(run), expected);
    expect((await readEvents(run)).filter(({ kind }) => kind === "step")).toHaveLength(50);
  });

  it("2, 3 and 4 of them validate to the numbers of one process, to the bit", async () => {
    const words = ["validate", straight, "--action-samples", "5"];
    const numbers = ({ seconds, ranks, ...found }: Record<string, unknown>) => found;
    const alone = numbers(jsonOf(await armature(...words, "--json")));
    expect(alone).toMatchObject({ step: 50, samples: 25, groups: { length: 5 }, actionErrors: { length: 12 } });
    for (const ranks of [2, 3, 4]) {
      const found = await onRanks(ranks, ...words);
      expect(found.ranks).toBe(ranks);
      expectSameBits("validation", numbers(found), alone);
    }
  });

  it("one of which is killed in the middle of a step end, name it, and go on as 1 and as 3 to the same bits", async () => {
    const run = place.path("killed");
    const running = beginOnRanks(2, ...training(run));
    await untilStep(run, 12, running);
    const began = performance.now();
    process.kill(await rank1Of(running.child.pid ?? 0), "SIGKILL");
    const { status, err } = await running.finished;
    expect(err).toMatch(/rank 1 \(process \d+ on \S+\) ended before it was done|process rank 1 .* exited on signal 9/);
    expect(status).not.toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    for (const ranks of [1, 3]) {
      const resumed = place.path(`resumed-${ranks}`);
      await cp(run, resumed, { recursive: true });
      await onRanks(ranks, ...training(resumed, "--resume"));
      expectSameBits("run", await contents(resumed), expected);
    }
  });

  // Ctrl-C and the end that a batch system announces come to mpirun, which ends the ranks by SIGTERM.
  it("leave a checkpoint when mpirun is asked to stop, and another number of them goes on from it to the same bits", async () => {
    const rarely = set("checkpoint.everySteps=1000");
    const stopped = async (signal: "SIGINT" | "SIGTERM") => {
      const run = place.path(signal);
      const running = beginOnRanks(2, ...training(run, ...rarely));
      await untilStep(run, 5, running);
      running.child.kill(signal);
      const { status } = await running.finished;
      const last = (await readEvents(run)).findLast(({ kind }) => kind === "step")?.step;
      return { status, isEarly: Number(last) < 50, isWhole: (await checkpointsOf(run)).join() === stepName(last) };
    };
    const found = await Promise.all([stopped("SIGINT"), stopped("SIGTERM")]);
    // mpirun makes a failure of a job that it ends.
    const whole = { status: 1, isEarly: true, isWhole: true };
    expect(found).toEqual([whole, whole]);
    const resumed = place.path("SIGTERM");
    await onRanks(3, ...training(resumed, ...rarely, "--resume"));
    expectSameBits("run", { ...(await contents(resumed)), "manifest.json": "" }, { ...expected, "manifest.json": "" });
  });
});

function stepName(step: unknown): string {
  return String(step).padStart(6, "0");
}

/** The process of rank 1, a child of the launcher. */
async function rank1Of(launcherProcess: number): Promise<number> {
  const children = await readFile(`/proc/${launcherProcess}/task/${launcherProcess}/children`, "utf8");
  for (const child of children.trim().split(" ")) {
    const environment = await readFile(`/proc/${child}/environ`, "utf8");
    if (environment.split("\0").includes("OMPI_COMM_WORLD_RANK=1")) return Number(child);
  }
  throw new Error(`expected rank 1 among the children of process ${launcherProcess}, got ${children}`);
}
