import { expect, it } from "vitest";
import type { Feature } from "../../dataset/dataset.ts";
import type { Dof } from "../../embodiment/embodiment.ts";
import { followsState, pairByName } from "./delta-pair.ts";
import { entriesOf } from "./entry.ts";

const named = (key: string, names: readonly string[] | null, width = names?.length ?? 0) => {
  const feature: Feature = { key, type: "float32", shape: [width], names };
  return entriesOf([{ feature, slice: null }]);
};
const pairs = (action: readonly string[], state: readonly string[]) =>
  pairByName(named("action", action), named("state", state)).map((dof) => dof.state);

it("a leader's joint is relative to the follower's of that name, in whatever order they stand", () => {
  expect(pairs(["leader_elbow.pos", "leader_wrist.pos"], ["follower_wrist.pos", "follower_elbow.pos"])).toEqual([1, 0]);
});

it("an exact name wins over one that is alike", () => {
  expect(pairs(["main_elbow"], ["elbow", "main_elbow"])).toEqual([1]);
});

it("grippers, velocities and joints that two state entries could be stay absolute", () => {
  expect(pairs(["gripper"], ["gripper"])).toEqual([null]);
  expect(pairs(["joint_0_vel"], ["joint_0"])).toEqual([null]);
  expect(pairs(["elbow_vel"], ["elbow_vel"])).toEqual([null]);
  expect(pairs(["leader_elbow"], ["elbow", "follower_elbow"])).toEqual([null]);
});

it("vectors without names are paired by place where they have one width", () => {
  const dofs = named("action", null, 2);
  expect(pairByName(dofs, named("state", null, 2)).map(({ state }) => state)).toEqual([0, 1]);
  expect(pairByName(dofs, named("state", null, 3)).map(({ state }) => state)).toEqual([null, null]);
});

const [dof] = named("action", ["x"]);
const relative: readonly Dof[] = [{ ...dof!, state: 0 }];

it("actions that are the next state follow it, motions from here do not", () => {
  const state = [0, 1, 2, 3];
  // About the state 1, 1, 1, 0 spreads by 3/16; about their mean 1, 2, 3, 3 spread by 11/16.
  expect(followsState(relative, [[1, 2, 3, 3]], [state])).toBe(true);
  // About the state 1, 0, −1, −2 spreads by 5/4; the motions themselves by 0 or 1/4.
  expect(followsState(relative, [[1, 1, 1, 2]], [state])).toBe(false);
});

it("a dof that rests says nothing", () => {
  expect(followsState(relative, [[5, 5]], [[0, 3]])).toBe(true);
});
