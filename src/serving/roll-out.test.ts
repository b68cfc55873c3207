import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { RobotEnvironment } from "../simulation/environment.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { findPolicy, loadPolicy } from "./load.ts";
import { LoadedPolicy } from "./policy.ts";
import { planRollout, rollOutPolicy, scoreOf } from "./roll-out.ts";
import { PolicyController } from "./simulated.ts";
import { pickingRecipe, reachingRecipe } from "./testing/reaching.ts";

const reacher = findRobot("reacher");
const silent = { finished: () => {}, isStopped: () => false };

const outcome = (episode: number, isSuccess: boolean, steps: number): Rollout => ({
  episode,
  isSuccess,
  steps,
  digest: "",
});

describe("the score of rollouts", () => {
  it("counts failed episodes in the rate and in the mean of steps", () => {
    const found = scoreOf([outcome(0, true, 10), outcome(1, false, 60), outcome(2, false, 60), outcome(3, true, 20)]);
    expect(found?.successRate).toBe(0.5);
    expect(found?.meanSteps).toBe(37.5);
    // Wilson's interval of 2 of 4: 0.5 ± z · √(4 · 0.25 + z² / 4) / (4 + z²), z = 1.96.
    const half = (1.96 * Math.sqrt(1 + 1.96 ** 2 / 4)) / (4 + 1.96 ** 2);
    expect(found?.interval[0]).toBeCloseTo(0.5 - half, 4);
    expect(found?.interval[1]).toBeCloseTo(0.5 + half, 4);
  });

  it("of failures alone is 0 with all their steps, and there is none of no episodes", () => {
    expect(scoreOf([outcome(0, false, 60), outcome(1, false, 40)])).toMatchObject({ successRate: 0, meanSteps: 50 });
    expect(scoreOf([])).toBeNull();
  });
});

/** A policy of the reacher that sees, with actions in radians instead of the tiny steps of an untrained policy in its units. */
const recipe: Recipe = { ...reachingRecipe, data: { ...reachingRecipe.data, normalization: "identity" } };

describe("a policy in closed loop", () => {
  let run: MicroRun;
  let policy: LoadedPolicy;
  let robot: RobotEnvironment;
  beforeAll(async () => {
    run = await trainMicroRun(recipe, 1);
    policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
    robot = await createRobot(reacher, { ...reacher.defaults, imageSize: 16 });
  });
  afterAll(async () => {
    robot.close();
    policy.release();
    await run.remove();
  });

  /** What the robot is sent that stands before these eyes: asked without session, queue or controller. */
  async function asked(seed: number, episode: number, frame: number): Promise<readonly (readonly number[])[]> {
    const { state, pictures, instruction } = robot.observe();
    const seen = { camera: pictures.get("observation.images.top")! };
    const noise = { seed, episode, frame, draw: 0 };
    const observations = [{ state, pictures: seen }] as const;
    const [chunk] = await policy.act([{ robot: policy.robots[0]!, observations, prompt: instruction, noise }]);
    return chunk.actions;
  }

  /** An episode by a loop that says of each step which chunk it is of: those of every third step, asked one step before. */
  async function byHand(seed: number, episode: number): Promise<Rollout> {
    robot.reset(seed, episode);
    const hash = createHash("sha256");
    const chunks = new Map<number, readonly (readonly number[])[]>();
    let steps = 0;
    while (steps < reacher.stepLimit && !robot.isSuccess()) {
      if (steps === 0 || steps % 3 === 2) chunks.set(steps, await asked(seed, episode, steps));
      const since = steps < 3 ? 0 : steps - (steps % 3) - 1;
      const action = Float64Array.from(chunks.get(since)![steps - since]!);
      hash.update(robot.observe().state).update(action);
      robot.act(action);
      steps++;
    }
    return { episode, isSuccess: robot.isSuccess(), steps, digest: hash.digest("hex").slice(0, 16) };
  }

  it.each([2, 9])("plays from seed %d, to the bit, what a loop by hand plays", async (seed) => {
    const { rollouts, seconds, policySeconds } = await rollOutPolicy(
      {
        run: run.folder,
        design: reacher,
        dataset: null,
        episodes: 2,
        seed,
        execute: 3,
        delay: 1,
        sideBySide: 1,
        options: (fitting) => ({ ...fitting, imageSize: 16 }),
        films: null,
      },
      silent,
    );
    expect(rollouts).toEqual([await byHand(seed, 0), await byHand(seed, 1)]);
    // One robot asks and waits: the policy's time is part of the whole.
    expect(policySeconds).toBeGreaterThan(0);
    expect(policySeconds).toBeLessThan(seconds);
  });

  it("plays nothing where it is stopped before it began, and releases the policy that it compiled", async () => {
    const request = { run: run.folder, design: reacher, dataset: null, episodes: 3, seed: 1, execute: 3, delay: 1 };
    const options = (fitting: typeof reacher.defaults) => ({ ...fitting, imageSize: 16 });
    const stopped = { finished: () => {}, isStopped: () => true };
    const releasing = vi.spyOn(LoadedPolicy.prototype, "release");
    const { rollouts, score } = await rollOutPolicy({ ...request, sideBySide: 1, options, films: null }, stopped);
    expect([rollouts, score]).toEqual([[], null]);
    // Its own program, whose memory nothing else gives back.
    expect(releasing).toHaveBeenCalledOnce();
    releasing.mockRestore();
  });

  it("carries out half of a chunk where nobody says how much of it, at once where nobody says how late", async () => {
    const choice = { design: reacher, dataset: null, episodes: 1, seed: 1, delay: 0, sideBySide: 1, films: null };
    const options = (fitting: typeof reacher.defaults) => fitting;
    const found = await findPolicy(run.folder);
    expect(found.recipe.policy.actionHorizon).toBe(6);
    expect(planRollout(found, { ...choice, options, execute: null }).execution).toEqual({ execute: 3, delay: 0 });
    expect(planRollout(found, { ...choice, options, execute: 4 }).execution).toEqual({ execute: 4, delay: 0 });
    const odd = { ...found, recipe: { ...found.recipe, policy: { ...found.recipe.policy, actionHorizon: 7 } } };
    expect(planRollout(odd, { ...choice, options, execute: null }).execution).toEqual({ execute: 4, delay: 0 });
  });

  it("is asked with what the robot observes now, its own instruction, and noise of seed, episode and frame", async () => {
    const controller = new PolicyController(policy, policy.robots[0]!, { environmentCount: 2, seed: 11 });
    const wanted: (readonly (readonly number[])[])[] = [];
    for (const [environment, episode] of [
      [0, 4],
      [1, 7],
      [0, 8],
    ] as const) {
      robot.reset(11, episode);
      controller.begin(environment, episode);
      const { pictures, ...observed } = robot.observe();
      controller.see(environment, observed, pictures);
      wanted.push(await asked(11, episode, 0));
      expect(await controller.act([environment])).toEqual(wanted.slice(-1));
    }
    expect(await controller.act([1, 0])).toEqual([wanted[1], wanted[2]]);
    const other = new PolicyController(policy, policy.robots[0]!, { environmentCount: 1, seed: 12 });
    other.begin(0, 8);
    const { pictures, ...observed } = robot.observe();
    other.see(0, observed, pictures);
    expect(await other.act([0])).toEqual([await asked(12, 8, 0)]);
    expect(await other.act([0])).not.toEqual(wanted.slice(-1));
  });

  it("is shown what each of two cameras sees in the view of its name", async () => {
    const picking = await trainMicroRun(pickingRecipe, 1);
    const own = await loadPolicy(picking.folder, { robots: 1, machine: "as trained" });
    const arm = await createRobot(findRobot("arm"), { ...findRobot("arm").defaults, imageSize: 16 });
    try {
      arm.reset(1, 1);
      const { pictures, ...observed } = arm.observe();
      const controller = new PolicyController(own, own.robots[0]!, { environmentCount: 1, seed: 3 });
      controller.begin(0, 1);
      controller.see(0, observed, pictures);
      const [front, wrist] = ["front", "wrist"].map((name) => pictures.get(`observation.images.${name}`)!);
      const asking = async (seen: { front: Picture; wrist: Picture }) => {
        const now = { state: observed.state, pictures: seen };
        const noise = { seed: 3, episode: 1, frame: 0, draw: 0 };
        const prompt = observed.instruction;
        return (await own.act([{ robot: own.robots[0]!, observations: [now], prompt, noise }]))[0].actions;
      };
      const [acted] = await controller.act([0]);
      expect(acted).toEqual(await asking({ front: front!, wrist: wrist! }));
      expect(acted).not.toEqual(await asking({ front: wrist!, wrist: front! }));
    } finally {
      arm.close();
      own.release();
      await picking.remove();
    }
  });

  it("is asked with the mapping's prompt where that is fixed, whatever the robot's instruction", async () => {
    const [dataset] = recipe.data.datasets;
    const prompt = { kind: "fixed", text: "reach it" } as const;
    const mapping = { ...dataset!.mapping, prompt };
    const fixed = await trainMicroRun({ ...recipe, data: { ...recipe.data, datasets: [{ ...dataset!, mapping }] } }, 1);
    const own = await loadPolicy(fixed.folder, { robots: 1, machine: "as trained" });
    try {
      robot.reset(1, 1);
      const { pictures, ...observed } = robot.observe();
      const controller = new PolicyController(own, own.robots[0]!, { environmentCount: 1, seed: 3 });
      controller.begin(0, 1);
      controller.see(0, observed, pictures);
      const noise = { seed: 3, episode: 1, frame: 0, draw: 0 };
      const now = { state: observed.state, pictures: { camera: pictures.get("observation.images.top")! } };
      const asking = async (prompt: string) =>
        (await own.act([{ robot: own.robots[0]!, observations: [now], prompt, noise }]))[0].actions;
      const [acted] = await controller.act([0]);
      expect(acted).toEqual(await asking("reach it"));
      expect(acted).not.toEqual(await asking(observed.instruction));
    } finally {
      own.release();
      await fixed.remove();
    }
  });
});
