import { describe, expect, it } from "vitest";
import { normalization } from "../../embodiment/normalize.ts";
import type { Tensor } from "../safetensors-header.ts";
import { opentauNormalization } from "./opentau-norms.ts";

/** An entry that changes, and one that hardly does. */
const entries = { names: ["one", "two"] };
const robot = { state: { key: "observation.state", ...entries }, action: { key: "actions", ...entries }, cameras: [] };

/** Two robots' statistics, each of two entries. */
const given: Readonly<Record<string, readonly number[]>> = {
  "normalize_inputs.buffer_observation_state.mean": [9, 9, 2, 3],
  "normalize_inputs.buffer_observation_state.std": [9, 9, 4, 5e-7],
  "normalize_targets.buffer_actions.min": [9, 9, -2, 3],
  "normalize_targets.buffer_actions.max": [9, 9, 6, 3],
};
const source = {
  folder: "there",
  shapes: new Map(Object.keys(given).map((name) => [name, [2, 2]])),
  read: async (name: string): Promise<Tensor> => {
    return { shape: [2, 2], type: "float32", cells: Float32Array.from(given[name] ?? []) };
  },
};
const config = { normalization_mapping: { VISUAL: "IDENTITY", STATE: "MEAN_STD", ACTION: "MIN_MAX" } };

/** What a state and an action of [10, 3.25] become. */
async function scaled(version: number) {
  const found = await opentauNormalization("there", config, { source, robot, norms: { version, head: 1 } });
  const unit = (vector: "state" | "action") => {
    const by = normalization(found.modes[vector], found[vector], {
      epsilon: found.epsilon,
      zeroRange: "lower",
      coincidingQuantiles: "epsilon",
    });
    return [10, 3.25].map((value, at) => (value - by.center[at]!) / by.scale[at]!);
  };
  return [unit("state"), unit("action")];
}

describe("OpenTau's normalisation", () => {
  it("is by one robot's statistics, with 1 in the place of what is almost nothing", async () => {
    const [state, action] = await scaled(1);
    expect(state![0]).toBeCloseTo(8 / (4 + 1e-6), 12);
    expect(state![1]).toBeCloseTo(0.25 / (1 + 1e-6), 12);
    expect(action![0]).toBeCloseTo((12 / (8 + 1e-6)) * 2 - 1, 12);
    expect(action![1]).toBeCloseTo(((0.25 + 0.5) / (1 + 1e-6)) * 2 - 1, 12);
  });

  it("before version 1 has another epsilon, and −1 for what never changes", async () => {
    const [state, action] = await scaled(0);
    expect(state![0]).toBeCloseTo(8 / (4 + 1e-8), 12);
    // Its threshold is the epsilon, which 5e-7 is above.
    expect(state![1]).toBeCloseTo(0.25 / (Math.fround(5e-7) + 1e-8), 2);
    expect(action![1]).toBeCloseTo((0.25 / (1 + 1e-8)) * 2 - 1, 12);
  });

  it("of a robot that it does not have is refused", async () => {
    const norms = { version: 1, head: 2 };
    await expect(opentauNormalization("there", config, { source, robot, norms })).rejects.toThrow(
      "there: expected the number of one of 2 robots that it normalises for, got 2; say it with --embodiment",
    );
  });

  it("leaves vectors as they are where it is the identity, whatever numbers there are", async () => {
    const identity = { normalization_mapping: { STATE: "IDENTITY", ACTION: "IDENTITY" } };
    const found = await opentauNormalization("there", identity, { source, robot, norms: { version: 1, head: null } });
    expect([found.modes, found.notes]).toEqual([{ state: "identity", action: "identity" }, []]);
  });
});
