import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { refuseStrangers, rulesOf, type SafetyChoice } from "./action-rules.ts";
import { guarded, noRules } from "./guard.ts";
import { Refusal, refusalKindOf } from "./refusal.ts";
import type { ServedRobot } from "./robot.ts";

const entry = { unit: "rad", part: "arm", kind: "continuous" } as const;

/** A robot of two dofs, the first of which knows where it is: its second state entry. */
const robot: ServedRobot = {
  name: 'robot "lift"',
  dataset: "lifts",
  framesPerSecond: 10,
  stepsPerSecond: 10,
  normalizationGroup: 0,
  embodiment: {
    robotType: "lift",
    controlMode: "joint",
    dofs: [
      { ...entry, name: "boom", slot: 0, state: 1 },
      { ...entry, name: "hook", slot: 1, state: null },
    ],
    states: [
      { ...entry, name: "load", slot: 0 },
      { ...entry, name: "boom", slot: 1 },
    ],
    cameras: [],
    columns: { action: [], state: [], prompt: { kind: "task" } },
    target: "actions",
  },
  units: {
    action: { mode: "identity", center: new Float64Array(2), scale: new Float64Array(2) },
    state: { mode: "identity", center: new Float64Array(2), scale: new Float64Array(2) },
  },
  seen: {
    extremes: { low: Float64Array.of(-8, 0), high: Float64Array.of(8, 2) },
    quantiles: { low: Float64Array.of(-4, 0.5), high: Float64Array.of(4, 1.5) },
  },
};

const safe: SafetyChoice = { limits: "clamp", learntFrom: "extremes", widenedBy: 0.125, given: {}, largestStep: null };
const state = [100, 9];

describe("the rules of a robot's actions", () => {
  it("are learnt from the extremes of its data, or their percentiles, and wider by a share", () => {
    expect(rulesOf(robot, safe).limits).toEqual({ low: Float64Array.of(-10, -0.25), high: Float64Array.of(10, 2.25) });
    expect(rulesOf(robot, { ...safe, learntFrom: "quantiles", widenedBy: 0.5 }).limits).toEqual({
      low: Float64Array.of(-8, 0),
      high: Float64Array.of(8, 2),
    });
    expect(rulesOf(robot, { ...safe, limits: "off" }).limits).toBeNull();
  });

  it("are as given, for the dofs that are given, without widening", () => {
    expect(rulesOf(robot, { ...safe, given: { hook: [0.5, 0.75] } }).limits).toEqual({
      low: Float64Array.of(-10, 0.5),
      high: Float64Array.of(10, 0.75),
    });
  });

  it("have steps that are a share of the range, or given by dof: one that is left out may be any", () => {
    expect(rulesOf(robot, { ...safe, largestStep: 0.25 }).largestStep).toEqual(Float64Array.of(4, 0.5));
    expect(rulesOf(robot, { ...safe, largestStep: { hook: 0.125 } }).largestStep).toEqual(
      Float64Array.of(Number.POSITIVE_INFINITY, 0.125),
    );
  });

  it("are refused of a robot whose range nobody measured, unless every dof is given", () => {
    const imported = { ...robot, seen: null };
    expect(() => rulesOf(imported, { ...safe, given: { boom: [0, 1] } })).toThrow(
      /"lift": expected a run that says where/,
    );
    expect(() => rulesOf(imported, { ...safe, limits: "off", largestStep: 0.1 })).toThrow(/--largest-step a file/);
    const given = { boom: [0, 1], hook: [2, 3] } satisfies SafetyChoice["given"];
    expect(rulesOf(imported, { ...safe, given }).limits).toEqual({
      low: Float64Array.of(0, 2),
      high: Float64Array.of(1, 3),
    });
  });

  it("name no dof that no robot has", () => {
    expect(() => refuseStrangers([robot], { ...safe, given: { hok: [0, 1] } })).toThrow(
      '--limits-file: expected dofs of the policy\'s robots (boom, hook), got "hok"',
    );
    expect(() => refuseStrangers([robot], { ...safe, largestStep: { bom: 1 } })).toThrow(
      /--largest-step: .* got "bom"/,
    );
    expect(() => refuseStrangers([robot], { ...safe, given: { hook: [0, 1] }, largestStep: 0.5 })).not.toThrow();
  });
});

describe("a chunk that leaves", () => {
  it("is clamped first, then slowed from where the robot is, which may be outside its limits", () => {
    const rules = rulesOf(robot, { ...safe, given: { boom: [-2, 2], hook: [0, 1] }, largestStep: { boom: 3 } });
    // The boom stands at 9: 50 is clamped to 2, and the way there is 6, 3, 2.
    expect(
      guarded(
        [
          [50, 0.5],
          [50, 7],
          [1, 1],
          [2, 1],
        ],
        state,
        { robot, rules },
      ),
    ).toEqual({
      actions: [
        [6, 0.5],
        [3, 1],
        [1, 1],
        [2, 1],
      ],
      clamped: [2, 1],
      slowed: [2, 0],
    });
  });

  it("is as the policy gave it where there are no rules", () => {
    const chunk = [[1e6, -1e6]];
    expect(guarded(chunk, state, { robot, rules: noRules })).toEqual({
      actions: chunk,
      clamped: [0, 0],
      slowed: [0, 0],
    });
  });

  it("is refused where it is not finite, by dof and step, whatever the rules are", () => {
    const attempt = () =>
      guarded(
        [
          [0, 0],
          [0, Number.NaN],
        ],
        state,
        { robot, rules: noRules },
      );
    expect(attempt).toThrow('actions: expected finite numbers for robot "lift", got NaN for "hook" at step 1');
    expect(kindOf(attempt)).toBe("not-finite");
  });

  it("is refused outside its limits where the rules say so, by dof, step and limits", () => {
    const rules = rulesOf(robot, { ...safe, limits: "refuse" });
    const attempt = () =>
      guarded(
        [
          [0, 0],
          [-10.5, 0],
        ],
        state,
        { robot, rules },
      );
    expect(attempt).toThrow('actions: expected "boom" of robot "lift" from -10 to 10, got -10.5 at step 1; ');
    expect(kindOf(attempt)).toBe("limit");
    expect(guarded([[10, -0.25]], state, { robot, rules }).clamped).toEqual([0, 0]);
  });
});

describe("a refusal", () => {
  it("is of the kind that it says, a mistake of the client's request else, and a failure where it is ours", () => {
    expect(refusalKindOf(new Refusal("stale", "late"))).toBe("stale");
    expect(refusalKindOf(new InputError("wrong"))).toBe("request");
    expect(refusalKindOf(new RangeError("ours"))).toBe("failure");
  });
});

function kindOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return refusalKindOf(error);
  }
  return "nothing";
}
