import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { findRobot } from "../simulation/robots.ts";
import type { RolloutShare } from "./rollout-share.ts";
import { playShares } from "./rollout-threads.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const machine = { device: "cpu", threads: 1 } as const;
const stop = new Int32Array(new SharedArrayBuffer(4));
/** A share that fails before it plays: there is no such checkpoint. */
const failing: RolloutShare = {
  policy: { checkpoint: "no such checkpoint", step: 1, notes: [], recipe: reachingRecipe, robots: [], machine },
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
