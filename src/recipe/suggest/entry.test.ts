import { expect, it } from "vitest";
import { entriesOf } from "./entry.ts";
import type { VectorPart } from "./slice.ts";

const column = (key: string, names: readonly string[] | null, width = names?.length ?? 0): VectorPart => ({
  feature: { key, type: "float32", shape: [width], names },
  slice: null,
});
const partsOf = (...names: string[]) => entriesOf([column("action", names)]).map(({ part }) => part);

it("parts are told by side and limb", () => {
  expect(partsOf("kLeftShoulderPitch", "kRightHandPinky", "left_hip_yaw", "neck_pitch", "right_gripper")).toEqual([
    "left arm",
    "right hand",
    "left leg",
    "head",
    "right gripper",
  ]);
});

it("a waist is the torso's beside two sides, and an arm's where the arm is all", () => {
  expect(partsOf("waist", "left_elbow", "right_elbow")).toEqual(["torso", "left arm", "right arm"]);
  expect(partsOf("waist", "elbow", "motor_7")).toEqual(["arm", "arm", "body"]);
});

it("a gripper is one by any of its names, and a unit only what the name says", () => {
  const entries = entriesOf([column("action", ["jaw.pos", "elbow_deg", "elbow_vel_rad", "elbow"])]);
  expect(entries.map(({ kind }) => kind)).toEqual(["gripper", "continuous", "continuous", "continuous"]);
  expect(entries.map(({ unit }) => unit)).toEqual(["unknown", "deg", "rad/s", "unknown"]);
});

it("entries of several columns fill a leading run of slots; what has no name of its own has its column's", () => {
  const columns = [
    column("action.left", ["x", "grip"]),
    column("action.right", ["x", "y"]),
    column("action.lift", null, 1),
  ];
  expect(entriesOf(columns).map(({ name, slot }) => [name, slot])).toEqual([
    ["action.left.x", 0],
    ["grip", 1],
    ["action.right.x", 2],
    ["y", 3],
    ["action.lift.0", 4],
  ]);
  expect(entriesOf([column("action", ["m", "m"])]).map(({ name }) => name)).toEqual(["action.0", "action.1"]);
});
