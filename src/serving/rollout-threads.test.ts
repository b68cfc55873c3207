import { setTimeout } from "node:timers/promises";
import { expect, it, onTestFinished, vi } from "vitest";
import { findRobot } from "../simulation/robots.ts";
import { newStopCell } from "../stop-cell.ts";
import { trainMicroRun } from "../training/testing/micro-run.ts";
import { findPolicy } from "./load.ts";
import { rolloutParts } from "./roll-out.ts";
import type { RolloutShare } from "./rollout-share.ts";
import { playShares } from "./rollout-threads.ts";
import { fittingRobot } from "./simulated.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const machine = { device: "cpu", threads: 1 } as const;
const stop = newStopCell();
/** A share that fails before it plays: there is no such checkpoint. */
const failing: RolloutShare = {
  policy: {
    form: "weights",
    checkpoint: "no such checkpoint",
    step: 1,
    notes: [],
    recipe: reachingRecipe,
    robots: [],
    machine,
  },
  weights: null,
  robot: 0,
  design: "reacher",
  options: findRobot("reacher").defaults,
  episodes: [0],
  plan: { seed: 1, execution: { execute: 3, delay: 0 }, filmed: 0 },
  environmentCount: 1,
  rows: 1,
  machine,
  folder: null,
  stop,
};

it("nobody is asked whether to stop any more once the shares are done, also where they failed", async () => {
  let asked = 0;
  const isStopped = () => asked++ < 0;
  await expect(playShares([failing], stop, { finished: () => {}, isStopped })).rejects.toThrow("no such checkpoint");
  const until = asked;
  expect(until).toBeGreaterThan(0);
  // Five times the time between two looks.
  await setTimeout(100);
  expect(asked).toBe(until);
});

it("the error of a share is told where several fail side by side", async () => {
  const alone = { finished: () => {}, isStopped: () => false };
  await expect(playShares([failing, failing], stop, alone)).rejects.toThrow("no such checkpoint");
});

it("whether to stop is asked before anything is opened", async () => {
  let asked = 0;
  const isStopped = () => ++asked > 0;
  const flag = newStopCell();
  const played = playShares([{ ...failing, stop: flag }], flag, { finished: () => {}, isStopped });
  expect([asked, Atomics.load(flag, 0)]).toEqual([1, 1]);
  await expect(played).rejects.toThrow("no such checkpoint");
});

it("the thread of a share that could have played is ended where another failed, and its time is that of playing", async () => {
  const run = await trainMicroRun(reachingRecipe, 1);
  onTestFinished(run.remove);
  const policy = await findPolicy(run.folder);
  const whole = {
    ...failing,
    policy,
    options: { ...failing.options, imageSize: 16 },
    stop: newStopCell(),
  };
  const alone = { finished: () => {}, isStopped: () => false };
  const before = process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  await expect(playShares([whole, failing], whole.stop, alone)).rejects.toThrow("no such checkpoint");
  expect(process.getActiveResourcesInfo().filter((name) => name === "MessagePort")).toHaveLength(before);
  for (const episodes of [[0], [0, 1]]) {
    const fresh = newStopCell();
    const shares = episodes.map((episode) => ({ ...whole, episodes: [episode], stop: fresh }));
    const from = performance.now();
    const { seconds, shares: played } = await playShares(shares, fresh, alone);
    expect(played.flatMap(({ rollouts }) => rollouts.map(({ episode }) => episode))).toEqual(episodes);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan((performance.now() - from) / 1000);
  }
});

it("an episode that has ended is followed by no other where to stop is said meanwhile", async () => {
  const run = await trainMicroRun(reachingRecipe, 1);
  onTestFinished(run.remove);
  const flag = newStopCell();
  const policy = await findPolicy(run.folder);
  const share = { ...failing, policy, options: { ...failing.options, imageSize: 16 }, episodes: [0, 1, 2], stop: flag };
  // Nothing looks by the clock: only the end of an episode tells.
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  let ended = 0;
  const { shares } = await playShares([share], flag, { finished: () => ended++, isStopped: () => ended > 0 });
  expect(shares.flatMap(({ rollouts }) => rollouts.map(({ episode }) => episode))).toEqual([0]);
});

it("several robots are divided among threads of one, a single robot has them all", () => {
  const machine = { device: "cpu", threads: 3 } as const;
  expect(rolloutParts(machine, { episodes: 5, sideBySide: 1 })).toEqual([
    { episodes: [0, 1, 2, 3, 4], environmentCount: 1, rows: 1, machine },
  ]);
  const one = { device: "cpu", threads: 1 };
  expect(rolloutParts(machine, { episodes: 5, sideBySide: 4 })).toEqual([
    { episodes: [0, 3], environmentCount: 2, rows: 2, machine: one },
    { episodes: [1, 4], environmentCount: 1, rows: 2, machine: one },
    { episodes: [2], environmentCount: 1, rows: 2, machine: one },
  ]);
  // Any other device has one program for all, however many rows it needs.
  const graphics = { device: "cuda", threads: 3 } as const;
  expect(rolloutParts(graphics, { episodes: 12, sideBySide: 10 })).toEqual([
    { episodes: [...Array(12).keys()], environmentCount: 10, rows: 10, machine: graphics },
  ]);
});

it("the robot of a policy is found by its dataset, and one whose dataset is not named only where no other fits", async () => {
  const run = await trainMicroRun(reachingRecipe, 1);
  onTestFinished(run.remove);
  const { robots } = await findPolicy(run.folder);
  const design = findRobot("reacher");
  const again = robots.map((robot) => ({ ...robot, dataset: "again" }));
  expect(fittingRobot([...again, ...robots], design, "reaching").served).toBe(robots[0]);
  expect(fittingRobot([...again, ...robots], design, "again").served).toBe(again[0]);
  expect(() => fittingRobot([...again, ...robots], design, null)).toThrow(
    'robot "reacher": expected one robot of the policy that fits, got 2; name its dataset: again, reaching',
  );
  expect(() => fittingRobot(robots, findRobot("pusher"), null)).toThrow(
    'robot "pusher": the policy acts for no robot like it',
  );
});
