import { describe, expect, it } from "vitest";
import type { Embodiment } from "./embodiment.ts";
import { normalizationGroupName, normalizationGroups } from "./normalization-group.ts";

const embodiment = (robotType: string, controlMode: string, dofs = 1): Embodiment => ({
  robotType,
  controlMode,
  dofs: Array.from({ length: dofs }, (_, slot) => ({
    name: `${slot}`,
    unit: "rad",
    part: "arm",
    kind: "continuous",
    slot,
    state: null,
  })),
  states: [],
  cameras: [],
  columns: { action: [{ key: "action", entries: [...Array(dofs).keys()] }], state: [], prompt: { kind: "task" } },
  target: "actions",
});

describe("normalisation groups", () => {
  it("are shared by robot type and control mode, in order of first appearance", () => {
    const members = [
      { dataset: "a", embodiment: embodiment("so101", "joint") },
      { dataset: "b", embodiment: embodiment("so101", "ee") },
      { dataset: "c", embodiment: embodiment(" so101 ", "joint") },
    ];
    expect(normalizationGroups(members)).toEqual([
      { name: "so101 / joint", members: [0, 2] },
      { name: "so101 / ee", members: [1] },
    ]);
  });

  it("are a dataset's own where the robot is unknown, also beside a robot of the dataset's name", () => {
    const names = ["", "unknown", "Unknown ", "pusht"].map((robot) =>
      normalizationGroupName({ dataset: "pusht", embodiment: embodiment(robot, "ee") }),
    );
    expect(names).toEqual([...Array(3).fill("dataset pusht / ee"), "pusht / ee"]);
  });

  it("refuse members of differing width, naming each", () => {
    const members = [
      { dataset: "a", embodiment: embodiment("so101", "joint", 6) },
      { dataset: "b", embodiment: embodiment("so101", "joint", 7) },
    ];
    expect(() => normalizationGroups(members)).toThrow(
      'normalisation group "so101 / joint": expected one action width, got "a" has 6, "b" has 7; give them different robot types or control modes',
    );
    const own = embodiment("so101", "joint");
    const state = { name: "lift", unit: "m", part: "arm", kind: "continuous", slot: 0 } as const;
    const seeing = { dataset: "c", embodiment: { ...own, states: [state] } };
    expect(() => normalizationGroups([{ dataset: "a", embodiment: own }, seeing])).toThrow(
      'expected one state width, got "a" has 0, "c" has 1;',
    );
  });

  const named = (dataset: string, names: readonly string[], unit = "unknown") => {
    const plain = embodiment("so101", "joint", names.length);
    const dofs = plain.dofs.map((dof, slot) => ({ ...dof, name: names[slot]!, unit }));
    return { dataset, embodiment: { ...plain, dofs } };
  };
  const refusal = (...members: ReturnType<typeof named>[]) => {
    try {
      return String(normalizationGroups(members).length);
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };

  it("never pool the same joints in another order, or joints that are not the same", () => {
    expect(refusal(named("a", ["shoulder", "elbow"]), named("b", ["elbow", "shoulder"]))).toBe(
      'normalisation group "so101 / joint": expected the same action entries at the same places, got shoulder, elbow in "a" and elbow, ' +
        'shoulder in "b"; name the action\'s entries in one order in the mappings, or give them different robot types or control modes',
    );
    expect(refusal(named("a", ["shoulder", "elbow"]), named("b", ["shoulder", "wrist"]))).toContain(
      'got shoulder, elbow in "a" and shoulder, wrist in "b"; name them alike in the mappings',
    );
    expect(refusal(named("a", ["shoulder"], "rad"), named("b", ["shoulder"], "deg"))).toContain(
      'got shoulder (rad) in "a" and shoulder (deg) in "b"',
    );
  });

  it("pool entries that nobody names by place, and a unit that is not known with one that is", () => {
    expect(refusal(named("a", ["action.0", "action.1"]), named("b", ["actions.0", "actions.1"]))).toBe("1");
    expect(refusal(named("a", ["shoulder"], "rad"), named("b", ["shoulder"]))).toBe("1");
    expect(refusal(named("a", ["action.0"]), named("b", ["shoulder"]))).toContain(
      'got action.0 in "a" and shoulder in "b"',
    );
  });
});
