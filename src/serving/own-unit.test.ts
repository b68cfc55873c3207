import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchMaker } from "../batch/maker.ts";
import { observe } from "../batch/observation.ts";
import { encodeStatistics, memberSchema } from "../checkpoint/robot-record.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import type { Dof } from "../embodiment/embodiment.ts";
import { asFound } from "../embodiment/mapping.ts";
import { ownActions } from "../embodiment/own-action.ts";
import type { RecordedRange } from "../embodiment/unit.ts";
import { HostArray } from "../graph/host-array.ts";
import { openMixture } from "../mixture/mixture.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { layoutOf, loadPlanOf, type Plan, planOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { recipe as example } from "../recipe/testing/recipe.ts";
import { servedRobots } from "./robot.ts";

/** One motion of an elbow, a claw and a lift, as two recordings have it: each number stands for the one at its place in the other. */
const recorded = {
  radians: {
    action: [0, Math.PI / 2, Math.PI],
    claw: [0, 0.5, 1],
    lift: [0, 0.25, 0.5],
    state: [0, Math.PI / 4, 0, 0],
  },
  degrees: { action: [0, 90, 180], claw: [0, 50, 100], lift: [-100, 0, 100], state: [0, 45, 0, -100] },
};
type Name = keyof typeof recorded;
const names: readonly Name[] = ["radians", "degrees"];

function dofsOf(name: Name): Dof[] {
  const lift: RecordedRange = { range: [-100, 100], limits: [0, 0.5] };
  const own = name === "degrees" ? ["deg", "0..100", lift] : [undefined, undefined, undefined];
  const plain = [
    { name: "elbow", unit: "rad", part: "arm", kind: "continuous", slot: 0, state: 0 },
    { name: "claw", unit: "fraction", part: "gripper", kind: "gripper", slot: 1, state: null },
    { name: "lift", unit: "m", part: "torso", kind: "continuous", slot: 2, state: 2 },
  ] as const;
  return plain.map((dof, at) => ({ ...dof, recordedIn: own[at] }));
}

function recipeOf(root: string, actions: "absolute" | "delta"): Recipe {
  const datasets = names.map((name): Recipe["data"]["datasets"][number] => ({
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
    episodes: "all",
    role: "train",
    weight: 1,
    mapping: {
      ...asFound,
      robotType: "crane",
      controlMode: "joint",
      dofs: dofsOf(name),
      states: dofsOf(name).map(({ state: _, ...entry }) => entry),
    },
  }));
  return {
    ...example,
    data: { ...example.data, root, actions, normalization: "mean-std", rate: "native", datasets },
    policy: { ...example.policy, views: [], actionHorizon: 1, actionWidth: 3, stateWidth: 3, promptTokens: 8 },
  };
}

let root = "";
const plans = new Map<string, Plan>();
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  for (const name of names) {
    const { action, claw, lift, state } = recorded[name];
    const rows = action.map((elbow, frame) => [elbow, claw[frame], lift[frame]]);
    const states = action.map((_, frame) => [frame === 1 ? state[1] : state[0], claw[0], state[3]]);
    const feature = { dtype: "float64", shape: [3], names: ["elbow", "claw", "lift"] };
    await writeV2(join(root, name), [3], { action: feature, "observation.state": feature }, () => [
      { name: "action", kind: "doubles", values: rows },
      { name: "observation.state", kind: "doubles", values: states },
    ]);
  }
  for (const actions of ["absolute", "delta"] as const) {
    const recipe = recipeOf(root, actions);
    const open = await openMixture(mixtureOf(recipe));
    plans.set(actions, await planOf(recipe, open, join(root, "cache")));
    await open.close();
  }
});
afterAll(() => rm(root, { recursive: true }));

/** By hand, in radians, shares and metres: deltas are from 0, π/4 and 0, and from a lift at 0. */
const means = { absolute: [Math.PI / 2, 0.5, 0.25], delta: [(5 / 12) * Math.PI, 0.5, 0.25] };

describe.each(["absolute", "delta"] as const)("one motion in degrees and in radians, %s", (actions) => {
  const planned = () => plans.get(actions)!;
  const robots = () => {
    const { mixture, statistics, recipe } = planned();
    const members = mixture.members.map(({ datasetName, controlModeName, normalizationGroup, ...member }) =>
      memberSchema.parse(
        JSON.parse(
          JSON.stringify({
            name: member.name,
            dataset: datasetName,
            controlMode: controlModeName,
            head: mixture.normalizationGroups[normalizationGroup]!.name,
            framesPerSecond: member.framesPerSecond,
            embodiment: member.embodiment,
          }),
        ),
      ),
    );
    const stored = [...statistics].map(([name, { action, state }]) => [
      name,
      { action: encodeStatistics(action), state: encodeStatistics(state) },
    ]);
    return servedRobots({ members, statistics: Object.fromEntries(stored) }, recipe);
  };

  it("is of one normalisation group, with the statistics of the entries' units", () => {
    const { mixture, statistics } = planned();
    expect(mixture.normalizationGroups).toEqual([{ name: "crane / joint", members: [0, 1] }]);
    const { action, state } = statistics.get("crane / joint")!;
    expect([action.count, ...action.mean]).toEqual([6, ...means[actions].map((mean) => expect.closeTo(mean, 12))]);
    expect([...state.mean]).toEqual([Math.PI / 12, 0, 0].map((mean) => expect.closeTo(mean, 12)));
  });

  it("gives one sample of each frame, to the accuracy of a float32", async () => {
    const maker = await BatchMaker.open(loadPlanOf(planned()));
    const draws = [0, 1, 2].flatMap((frame) => [0, 1].map((member) => ({ member, episode: 0, frame, draw: 0 })));
    const batch = await maker.make({ purpose: "validation", layout: layoutOf(planned().recipe, 6), draws });
    await maker.close();
    for (const values of [batch.actions.read(({ cells }) => cells), batch.state.read(({ cells }) => cells)]) {
      const rows = Array.from({ length: 6 }, (_, row) => [
        ...values.slice((row * values.length) / 6, ((row + 1) * values.length) / 6),
      ]);
      for (const frame of [0, 1, 2])
        expect(rows[2 * frame + 1]).toEqual(rows[2 * frame]!.map((value) => expect.closeTo(value, 5)));
    }
    // The lift passes its three values evenly in both frames: −√1.5, 0 and √1.5.
    const lifts = batch.actions.read(({ cells }) => [0, 2, 4].map((row) => cells[row * 3 + 2]));
    expect(lifts).toEqual([-Math.sqrt(1.5), 0, Math.sqrt(1.5)].map((value) => expect.closeTo(value, 4)));
  });

  it("leaves a served robot in what it was recorded in, and its state is taken so", () => {
    const [radians, degrees] = robots();
    const state = { radians: [Math.PI / 4, 0, 0], degrees: [45, 0, -100] };
    const sent = (robot: typeof radians, now: readonly number[]) => {
      const { embodiment, units } = robot!;
      const chunk = new HostArray("t d", [2, 3], "float32", Float32Array.of(0, 0, 0, 1, 1, 1));
      return [
        ...ownActions(chunk, Float64Array.from(now), { dofs: embodiment.dofs, unit: units.action, frame: actions })
          .cells,
      ];
    };
    const [inRadians, inDegrees] = [sent(radians, state.radians), sent(degrees, state.degrees)];
    // At 0 stands the mean: by hand 90°, half open and halfway up; under delta from 45° it is 45 + 75°.
    const elbow = actions === "absolute" ? 90 : 120;
    expect(inDegrees.slice(0, 3)).toEqual([elbow, 50, 0].map((value) => expect.closeTo(value, 9)));
    expect(inRadians.slice(0, 3)).toEqual(
      [(elbow * Math.PI) / 180, 0.5, 0.25].map((value) => expect.closeTo(value, 9)),
    );
    const turned = [(inRadians[3]! * 180) / Math.PI, inRadians[4]! * 100, inRadians[5]! * 400 - 100];
    expect(inDegrees.slice(3)).toEqual(turned.map((value) => expect.closeTo(value, 9)));
    const choice = {
      layout: layoutOf(planned().recipe, 1),
      prompt: "task",
      letterbox: "antialiased-centred",
      longPrompt: "refuse",
      tokenizer: byteTokenizer,
    } as const;
    const seen = [radians!, degrees!].map((robot, at) => {
      const now = { state: at === 0 ? state.radians : state.degrees, pictures: {} };
      return observe(robot, { observations: [now], prompt: "go" }, choice).state.read(({ cells }) => [...cells]);
    });
    expect(seen[1]).toEqual(seen[0]!.map((value) => expect.closeTo(value, 5)));
    // π/4 among 0, π/4 and 0: two thirds of π/4 above the mean, where a deviation is √2/3 of it.
    expect(seen[0]![0]).toBeCloseTo(Math.SQRT2, 4);
  });
});
