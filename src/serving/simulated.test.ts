import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { rollOut as playAll, type Rollout } from "../simulation/rollout.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { compilePolicy, findPolicy, loadPolicy, readPolicyWeights } from "./load.ts";
import { type RolloutChoice, type RolloutRequest, rollOutFound, rollOutPolicy } from "./roll-out.ts";
import { PolicyController } from "./simulated.ts";
import { reachingRecipe } from "./testing/reaching.ts";

const reacher = findRobot("reacher");

let run: MicroRun;
let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-rollout-"));
  run = await trainMicroRun(reachingRecipe, 1);
});
afterAll(async () => {
  await rm(place, { recursive: true });
  await run.remove();
});

const silent = { finished: () => {}, isStopped: () => false };

const asked: RolloutChoice = {
  design: reacher,
  dataset: null,
  episodes: 3,
  seed: 2,
  execute: 3,
  delay: 1,
  sideBySide: 2,
  options: (fitting) => ({ ...fitting, imageSize: 16 }),
  films: null,
};

function rollOut(changes: Partial<RolloutRequest>) {
  return rollOutPolicy({ run: run.folder, ...asked, ...changes }, silent);
}

/** The same episodes, with a policy that computes every step of its chunks. */
async function playWhole(folder: string, { seed, episodes, execute, delay }: RolloutChoice): Promise<Rollout[]> {
  const policy = await loadPolicy(folder, { robots: 8, machine: { device: "cpu", threads: 1 } });
  const robots = await Promise.all(
    Array.from({ length: 8 }, () => createRobot(reacher, { ...reacher.defaults, imageSize: 16 })),
  );
  try {
    expect(policy.steps).toBe(policy.recipe.policy.actionHorizon);
    const controller = new PolicyController(policy, policy.robots[0]!, { environmentCount: 8, seed });
    const plan = { seed, episodes, execution: { execute: execute!, delay }, filmed: 0 };
    return await playAll(robots, controller, plan, { ...silent, filmed: () => {} });
  } finally {
    for (const robot of robots) robot.close();
    policy.release();
  }
}

describe("a policy in closed loop", () => {
  it("gives the same rollouts for the same seed, to the bit, and others for another", async () => {
    const [first, again, other] = [await rollOut({}), await rollOut({}), await rollOut({ seed: 3 })];
    expect(first.rollouts).toHaveLength(3);
    expect(again.rollouts).toEqual(first.rollouts);
    const digests = new Set([...first.rollouts, ...other.rollouts].map(({ digest }) => digest));
    expect(digests.size).toBe(6);
    expect(first.successes).toBe(first.rollouts.filter(({ isSuccess }) => isSuccess).length);
    expect(first.score?.successRate).toBe(first.successes / 3);
  });

  it("plays an episode alike whichever others are played", async () => {
    const [three, two] = [await rollOut({}), await rollOut({ episodes: 2 })];
    expect(three.rollouts.slice(0, 2)).toEqual(two.rollouts);
  });

  it("plays them in threads, to the bit as in one, and films there too", async () => {
    const found = await findPolicy(run.folder);
    const folder = join(place, "threads");
    await mkdir(folder);
    const play = (threads: number, sideBySide: number) => {
      const films = { folder, episodes: 1 };
      const request = { ...asked, episodes: 5, sideBySide, films };
      return rollOutFound({ ...found, machine: { device: "cpu", threads } }, null, request, silent);
    };
    const [two, one] = [await play(2, 4), await play(1, 2)];
    expect(two.rollouts).toHaveLength(5);
    expect(two.rollouts).toEqual(one.rollouts);
    expect(two.films).toEqual([join(folder, "reacher-000.mp4")]);
  });

  it.each(["pi0", "groot_n16"] as const)(
    "does, to the bit, what whole chunks do, and finds no more than it carries out: %s",
    async (variant) => {
      const recipe = { ...reachingRecipe, policy: { ...reachingRecipe.policy, actionHorizon: 11, variant } };
      const own = await trainMicroRun(recipe, 1);
      try {
        const request = { ...asked, episodes: 9, sideBySide: 9, execute: 4, delay: 2 };
        const { rollouts } = await rollOutPolicy({ run: own.folder, ...request }, silent);
        expect(rollouts).toEqual(await playWhole(own.folder, request));
        const found = await findPolicy(own.folder);
        const weights = await readPolicyWeights(found);
        const machine = { device: "cpu", threads: 1 } as const;
        const part = await compilePolicy(found, weights, { rows: 1, steps: 6, machine });
        expect(part.steps).toBe(8);
        part.release();
      } finally {
        await own.remove();
      }
    },
  );

  it("leaves films of the first episodes", async () => {
    const folder = join(place, "films");
    const { films } = await rollOut({ films: { folder, episodes: 2 } });
    expect(films).toEqual([join(folder, "reacher-000.mp4"), join(folder, "reacher-001.mp4")]);
    expect(await readdir(folder)).toEqual(["reacher-000.mp4", "reacher-001.mp4"]);
  });
});

describe("what does not fit is refused:", () => {
  it("a robot with other dofs, cameras or another control mode, told which and how", async () => {
    await expect(rollOut({ design: findRobot("pusher") })).rejects.toThrow(
      'robot "pusher": the policy acts for no robot like it; robot "reacher", dataset "reaching", control mode "joint": ' +
        "robot type pusher, not reacher, control mode ee, not joint, dofs 3 (x y yaw), not 2 (shoulder elbow), " +
        "states 3 (x y yaw), not 2 (shoulder elbow)",
    );
    await expect(rollOut({ design: { ...reacher, cameras: ["side"] } })).rejects.toThrow(
      "camera observation.images.side, not observation.images.top",
    );
    await expect(rollOut({ design: { ...reacher, framesPerSecond: 20 } })).rejects.toThrow(
      "frames per second 20, not 10, action steps per second 20, not 10",
    );
  });

  it("a dataset that the policy did not learn from, and an observation that it does not know", async () => {
    await expect(rollOut({ dataset: "pushing" })).rejects.toThrow('got "pushing"; it knows: reaching');
    const options = (fitting: Parameters<RolloutRequest["options"]>[0]) => ({
      ...fitting,
      observation: "state" as const,
    });
    await expect(rollOut({ options })).rejects.toThrow('observation: expected "pictures"');
  });

  it("more steps than a chunk has, and a folder that cannot be", async () => {
    await expect(rollOut({ execute: 6 })).rejects.toThrow("at most the 6 steps of a chunk together, got 6 + 1");
    await writeFile(join(place, "file"), "");
    await expect(rollOut({ films: { folder: join(place, "file", "films"), episodes: 1 } })).rejects.toThrow(
      /file\/films: expected a folder that can be written, got .*; choose another/,
    );
  });
});
