import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stream } from "../graph/random.ts";
import { withVelocity } from "../objective/testing/with-velocity.ts";
import { craneDofs, craneRecipe } from "../recipe/testing/cranes.ts";
import { craneOrigin, craneStateUnits, craneUnits } from "../training/testing/crane-units.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { compilePolicy, findPolicy, readPolicyWeights } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";

const horizon = craneRecipe.policy.actionHorizon;
/** What the policy says of every slot, wherever the flow stands: a slot's own number. */
const velocity = Array.from({ length: craneRecipe.policy.actionWidth }, (_, slot) => 0.1 * (slot + 1));

let run: MicroRun;
let policy: LoadedPolicy;
beforeAll(async () => {
  run = await trainMicroRun(craneRecipe, 1);
  const found = await findPolicy(run.folder);
  const weights = withVelocity(await readPolicyWeights(found), velocity);
  const machine = { device: "cpu", threads: 1 } as const;
  policy = await compilePolicy(found, weights, { rows: 3, steps: horizon, machine });
});
afterAll(async () => {
  policy.release();
  await run.remove();
});

/**
 * What a crane is to be sent: noise less the velocity of the dof's slot, in the units of its statistics, from its newest state.
 *
 * Word `4096 · step + dof` of the noise is the dof's.
 */
async function wanted(
  dataset: string,
  { seed, episode, frame }: Readonly<Record<"seed" | "episode" | "frame", number>>,
  state: readonly number[],
): Promise<number[][]> {
  const noise = stream(seed, "action noise", dataset);
  const units = await craneUnits(craneRecipe);
  return Array.from({ length: horizon }, (_, step) =>
    craneDofs.map(({ slot }, dof) => {
      const unit = noise.normal(4096 * step + dof, frame, episode, 0) - velocity[slot]!;
      const { center, scale } = units[dof]!;
      return center + scale * unit + craneOrigin(dof, state);
    }),
  );
}

/** 1e-5: ten Euler steps in float32 of numbers below 8. */
function expectSent(actions: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(actions.map((step) => step.length)).toEqual(expected.map((step) => step.length));
  for (const [step, own] of expected.entries())
    for (const [dof, value] of own.entries())
      expect(actions[step]![dof], `step ${step}, ${craneDofs[dof]!.name}`).toBeCloseTo(value, 5);
}

const states = [
  [5, -3, 20],
  [6, -2, 21],
  [7.5, -1, 22.5],
  [9.25, 40, 24],
];

describe("what a robot is sent, worked out by hand", () => {
  it("is denormalised and then added to the newest state, dof by dof in its own order", async () => {
    const session = policy.session(policy.robot({ dataset: "north" }), { seed: 5 });
    for (const state of states) session.see({ state, pictures: {} });
    const [chunk] = await policy.act([session.ask("lift")]);
    expectSent(chunk.actions, await wanted("north", { seed: 5, episode: 0, frame: 3 }, states[3]!));
  });

  it("comes from the noise of the session's seed, of its episode and frame, also after a reset", async () => {
    for (const seed of [5, 6]) {
      const session = policy.session(policy.robot({ dataset: "north" }), { seed });
      for (const state of states) session.see({ state, pictures: {} });
      session.reset();
      for (const state of states.slice(0, 2)) session.see({ state, pictures: {} });
      const [chunk] = await policy.act([session.ask("lift")]);
      expectSent(chunk.actions, await wanted("north", { seed, episode: 1, frame: 1 }, states[1]!));
    }
  });

  it("is each robot's own where two robots of one kind and another ask at once", async () => {
    const sessions = ["south", "cart", "north"].map((dataset) =>
      policy.session(policy.robot({ dataset }), { seed: 7 }),
    );
    for (const [at, session] of sessions.entries())
      session.see({ state: at === 1 ? [1, 2] : states[at]!, pictures: {} });
    const [south, , north] = await policy.act(sessions.map((session) => session.ask("lift")));
    expectSent(south!.actions, await wanted("south", { seed: 7, episode: 0, frame: 0 }, states[0]!));
    expectSent(north!.actions, await wanted("north", { seed: 7, episode: 0, frame: 0 }, states[2]!));
  });
});

it("actions that are no number are refused, with the robot, the value and the dof, and reach no robot", async () => {
  const found = await findPolicy(run.folder);
  const runaway = velocity.map((value, slot) => (slot === craneDofs[1]!.slot ? Number.POSITIVE_INFINITY : value));
  const weights = withVelocity(await readPolicyWeights(found), runaway);
  const machine = { device: "cpu", threads: 1 } as const;
  const wild = await compilePolicy(found, weights, { rows: 1, steps: horizon, machine });
  const session = wild.session(wild.robot({ dataset: "north" }), { seed: 1 });
  session.see({ state: states[0]!, pictures: {} });
  await expect(wild.act([session.ask("lift")])).rejects.toThrow(
    // The second Euler step sees it in one dof and spreads it to all.
    'expected finite actions of robot "crane", dataset "north", control mode "joint", got NaN for "lift"; use another',
  );
  wild.release();
});

describe("what a policy is told of a robot's states", () => {
  it("is each slot's state in unit scale, oldest first, every entry in its own slot and 0 where there is none", async () => {
    const session = policy.session(policy.robot({ dataset: "south" }), { seed: 1 });
    for (const state of states.slice(0, 2)) session.see({ state, pictures: {} });
    const told = policy.perceive([session.ask("lift")]).state.read(({ cells }) => [...cells]);
    const units = await craneStateUnits(craneRecipe);
    const normal = (frame: number, entry: number) =>
      (states[frame]![entry]! - units[entry]!.center) / units[entry]!.scale;
    // Turn, weight and lift stand in slots 3, 0 and 1; the session is two frames old.
    const slot = (frame: number) => [normal(frame, 1), normal(frame, 2), 0, normal(frame, 0), 0, 0, 0, 0];
    const wanted = [...new Array<number>(8).fill(0), ...slot(0), ...slot(1)];
    for (const [at, value] of wanted.entries()) expect(told[at]).toBeCloseTo(value, 4);
    expect(told.slice(24).every((value) => value === 0)).toBe(true);
  });
});

describe("weights by embodiment", () => {
  it("are the robot's, not the dataset's: two cranes read one set, the cart between them another", () => {
    const requests = ["north", "cart", "south"].map((dataset) => {
      const session = policy.session(policy.robot({ dataset }), { seed: 1 });
      session.see({ state: dataset === "cart" ? [0, 0] : [0, 0, 0], pictures: {} });
      return session.ask("lift");
    });
    expect(policy.perceive(requests).embodiment.read(({ cells }) => [...cells])).toEqual([0, 1, 0]);
  });
});
