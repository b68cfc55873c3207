import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSession, type RuntimeSession } from "../../../../graph/runtime/session.ts";
import { expectSameBits } from "../../../../graph/testing/bits.ts";
import { onnxBytes } from "../../../../serving/export-onnx.ts";
import { loadPolicy } from "../../../../serving/load.ts";
import { picture } from "../../../../serving/picture.ts";
import type { LoadedPolicy } from "../../../../serving/policy.ts";
import { rollOutPolicy } from "../../../../serving/roll-out.ts";
import { reachingRecipe } from "../../../../serving/testing/reaching.ts";
import { findRobot } from "../../../../simulation/robots.ts";
import { type MicroRun, trainMicroRun } from "../../../../training/testing/micro-run.ts";
import { type LiveRobotJson, liveRobot } from "../../../rollouts/robots.ts";
import { LiveRobot } from "./live-robot.ts";
import { PagePolicy } from "./page-policy.ts";

const machine = { device: "cpu", threads: 1 } as const;
const recipe = {
  ...reachingRecipe,
  // Actions in radians instead of the tiny steps of an untrained policy in its units.
  data: { ...reachingRecipe.data, normalization: "identity" as const },
  policy: { ...reachingRecipe.policy, history: { slots: 3, interval: 1, dropout: 0 } },
};

let run: MicroRun;
let place = "";
let model: Uint8Array;
let live: LiveRobotJson;
let policy: LoadedPolicy;
const programs: RuntimeSession[] = [];
beforeAll(async () => {
  run = await trainMicroRun(recipe, 1);
  place = await mkdtemp(join(tmpdir(), "armature-page-policy-"));
  model = await onnxBytes({ run: run.folder, robot: "reaching / joint", pictures: "uint8", chunking: "none" });
  await writeFile(join(place, "policy.onnx"), model);
  policy = await loadPolicy(join(place, "policy.onnx"), { robots: 1, machine });
  // As it travels to the page.
  live = JSON.parse(JSON.stringify(await liveRobot(run.folder, 0)));
});
afterAll(async () => {
  for (const program of programs) program.release();
  policy.release();
  await run.remove();
  await rm(place, { recursive: true });
});

/** The program that the page runs in WebAssembly, here in the runtime of the commands. */
function program(): RuntimeSession {
  const opened = openSession(model, machine);
  programs.push(opened);
  return opened;
}

describe("the policy in the page", () => {
  it("gives the actions of the exported file to the bit, pictures, history and noise included", async () => {
    const own = new PagePolicy(live, program());
    expect([own.steps, own.observations]).toEqual([policy.steps, policy.observations]);
    const robot = await LiveRobot.open(live, program());
    const sessions = [own.session(own.robot, { seed: 7 }), policy.session(policy.robots[0]!, { seed: 7 })] as const;
    for (let frame = 0; frame < 4; frame++) {
      await robot.step();
      const { state, pictures } = robot.frame;
      const { side, cells } = pictures[0]!;
      const seen = { state, pictures: { camera: withoutAlpha(cells, side) } };
      for (const session of sessions) session.see(seen);
    }
    const [chunk] = await own.act([sessions[0].ask("reach the dot")]);
    const [expected] = await policy.act([sessions[1].ask("reach the dot")]);
    expectSameBits("chunk", Float64Array.from(chunk!.actions.flat()), Float64Array.from(expected.actions.flat()));
  });

  it("refuses a program of another robot", () => {
    const other = { ...live, robot: { ...live.robot, embodiment: { ...live.robot.embodiment, dofs: [] } } };
    expect(() => new PagePolicy(other, program())).toThrow("the policy in the page: expected a program that gives");
  });
});

describe("a robot in the page", () => {
  it("ends its starts as rollouts of the exported file do", async () => {
    const robot = await LiveRobot.open(live, program());
    const request = { run: join(place, "policy.onnx"), design: findRobot("reacher"), dataset: null, films: null };
    const choice = { options: (fitting: LiveRobotJson["options"]) => fitting, execute: null, delay: 0, sideBySide: 1 };
    const found = await rollOutPolicy({ ...request, ...choice, episodes: 2, seed: 5 }, unwatched);
    expect([await robot.play(5, 0), await robot.play(5, 1)]).toEqual(
      found.rollouts.map(({ episode, isSuccess, steps }) => ({ episode, isSuccess, steps })),
    );
  });

  it("goes over to the next chunk as commands do, and goes on after its end", async () => {
    const robot = await LiveRobot.open(live, program());
    const { execute, stepLimit } = robot.facts;
    robot.begin(2, 3);
    expect(robot.frame).toMatchObject({ seed: 2, start: 3, steps: 0, chunk: [], end: null });
    for (let step = 0; step < execute + 1; step++) await robot.step();
    expect(robot.frame).toMatchObject({ steps: execute + 1, askedAt: execute });
    for (let step = execute + 1; step <= stepLimit; step++) await robot.step();
    expect(robot.frame).toMatchObject({ steps: stepLimit + 1, end: { isSuccess: false, steps: stepLimit } });
    robot.moveTarget([0.1, 0.12]);
    expect(robot.frame).toMatchObject({ target: [0.1, 0.12], end: null });
    // The target's new place may be sought for as many steps as the old one.
    for (let step = 1; step < stepLimit; step++) await robot.step();
    expect(robot.frame.end).toBeNull();
    await robot.step();
    expect(robot.frame).toMatchObject({ steps: 2 * stepLimit + 1, end: { isSuccess: false, steps: stepLimit } });
    // 0.8 m above the table a camera of 36° sees 2 · 0.8 · tan 18° = 0.5199 m of it.
    robot.moveTargetTo("observation.images.top", { across: 0.7, down: 0.75 });
    expect(robot.frame.target[0]).toBeCloseTo(0.2 * 0.5199, 4);
    expect(robot.frame.target[1]).toBeCloseTo(-0.25 * 0.5199, 4);
  });
});

const unwatched = { finished: () => {}, isStopped: () => false };

function withoutAlpha(cells: Uint8ClampedArray, side: number) {
  const colours = Uint8Array.from({ length: 3 * side * side }, (_, at) => cells[4 * Math.floor(at / 3) + (at % 3)]!);
  return picture(colours, { height: side, width: side });
}
