import { expect, it } from "vitest";
import type { Entry } from "../../embodiment/embodiment.ts";
import { guessUnits, readAs, withUnits } from "./unit.ts";

const entry = (name: string, kind: Entry["kind"] = "continuous", unit = "unknown"): Entry => ({
  name,
  unit,
  part: kind === "gripper" ? "gripper" : "arm",
  kind,
  slot: 0,
});
const arm = [entry("elbow"), entry("gripper", "gripper")];

it.each([
  { robot: "arm", name: "elbow", reach: 7, units: ["deg", "unknown"] },
  { robot: "arm", name: "elbow", reach: -6.2, units: ["rad", "unknown"] },
  { robot: "arm", name: "elbow", reach: 0.9, units: [undefined, undefined] },
  { robot: "so100", name: "main_elbow", reach: 90, units: ["deg", "0..100"] },
  // The same arm by other writers.
  { robot: "SO-100", name: "main_elbow", reach: 90, units: ["deg", "0..100"] },
  { robot: "SO101_follower", name: "main_elbow", reach: 90, units: ["deg", "0..100"] },
  { robot: "so101_follower", name: "elbow.pos", reach: 90, units: ["-100..100", "0..100"] },
  { robot: "so101_follower", name: "elbow.pos", reach: 101, units: ["deg", "0..100"] },
  { robot: "arm", name: "elbow_velocity", reach: 90, units: [undefined, undefined] },
])(
  "joints $name of $robot that reach $reach are in $units.0, its gripper in $units.1",
  ({ robot, name, reach, units }) => {
    const guess = guessUnits(robot, [entry(name), arm[1]!], [[0, reach], [500]]);
    expect([guess?.joint, guess?.gripper]).toEqual(units);
  },
);

it("a guess leaves units that names say, and grippers do not count", () => {
  const guess = { joint: "deg", gripper: "0..100", because: "" };
  const units = withUnits([...arm, entry("lift", "continuous", "m")], guess).map(({ unit }) => unit);
  expect(units).toEqual(["deg", "0..100", "m"]);
});

it("entries are read in another recording's units where these are converted into each other", () => {
  const read = readAs(
    [entry("elbow", "continuous", "deg"), entry("lift", "continuous", "m"), entry("jaw", "gripper", "0..100")],
    [entry("elbow", "continuous", "rad"), entry("lift", "continuous", "rad"), entry("jaw", "gripper", "0..100")],
  );
  expect(read.map(({ unit, recordedIn }) => [unit, recordedIn])).toEqual([
    ["rad", "deg"],
    ["m", undefined],
    ["0..100", undefined],
  ]);
});
