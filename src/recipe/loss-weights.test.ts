import { describe, expect, it } from "vitest";
import { nodesBefore } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import type { CellCounts } from "../loss/reduction.ts";
import { groupErrors } from "../metric/group.ts";
import {
  cellWeightsOf,
  type ErrorsByName,
  lossOf,
  type MicroBatch,
  sampleErrors,
  wholeCounts,
} from "../objective/micro-batch.ts";
import { everyParameter, gradientOutputs, traceObjectives } from "../objective/objective.ts";
import type { LossWeights } from "../policy/objective-choice.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { checkResumedRecipe } from "./difference.ts";
import { parseRecipe } from "./file.ts";
import { settingOf, termsOf } from "./plan.ts";
import type { Recipe } from "./schema.ts";
import { recipe } from "./testing/recipe.ts";

function weighed(lossWeights: LossWeights | undefined, reduction: Recipe["reduction"] = "cells"): Recipe {
  const { policy, ...rest } = recipe;
  const weights = lossWeights === undefined ? {} : { lossWeights };
  return { ...rest, reduction, policy: { ...policy, variant: "pi05_fast", prompt: "pi05_fast", ...weights } };
}

const terms = (of: Recipe) => termsOf({ recipe: of, rules: Rules.all });

describe("weights of losses", () => {
  it("are 1 where the recipe says nothing, and else what it says", () => {
    const weightsOf = (of: Recipe) => terms(of).map(({ name, weight }) => [name, weight]);
    expect(weightsOf(weighed(undefined))).toEqual([
      ["velocity", 1],
      ["tokens", 1],
    ]);
    expect(weightsOf(weighed({ "action tokens": 0.25 }))).toEqual([
      ["velocity", 1],
      ["tokens", 0.25],
    ]);
  });

  it.each([
    // 2 · (1 + 3 + 2) / 4 + 0.25 · 6 / 3
    ["cells", 3.5],
    // 2 · (4 / 3 + 2) / 2 + 0.25 · 2
    ["samples", 2 * (5 / 3) + 0.5],
  ] as const)("add up to the same in training and in validation, over %s", (reduction, expected) => {
    const own = terms(weighed({ flow: 2, "action tokens": 0.25 }, reduction)).map((term) =>
      term.errors === "velocity" ? { ...term, slots: [0, 1] } : term,
    );
    const micro = microBatch();
    const errors: ErrorsByName = new Map<string, HostArray<string, "float32">>([
      ["velocity", new HostArray("b d", [2, 2], "float32", Float32Array.of(1, 3, 2, 0))],
      ["tokens", new HostArray("b", [2], "float32", Float32Array.of(6, 0))],
    ]);
    const weights = cellWeightsOf(micro, own, wholeCounts([micro], own), Rules.all);
    expect(lossOf(weights, errors)).toBeCloseTo(expected, 6);
    const names = { datasets: ["one"], controlModes: ["joint"], share: () => 1 };
    expect(groupErrors(sampleErrors(micro, own, errors), own, names).aggregate.loss).toBeCloseTo(expected, 12);
  });

  it("of 0 take what is learnt out of the program, with its parameters", () => {
    const setting = settingOf({ recipe: weighed({ "action tokens": 0 }), rules: Rules.all }, 2);
    const without = { ...setting, form: { ...setting.form, variant: { ...variants.pi05, insulated: true } } };
    const whole = settingOf({ recipe: weighed(undefined), rules: Rules.all }, 2);
    const operations = [setting, without, whole].map((of) => {
      const objectives = traceObjectives(of);
      return nodesBefore(Object.values(gradientOutputs(objectives, objectives.parameters, "nothing"))).length;
    });
    expect(operations[0]).toBe(operations[1]);
    expect(operations[0]).toBeLessThan(operations[2]!);
    const names = (of: typeof setting) => everyParameter(of).map(({ name }) => name);
    expect(names(whole).filter((name) => !names(setting).includes(name))).toEqual([
      "actionTokens.embedding.weight",
      "actionTokens.scores.weight",
      "actionTokens.scores.bias",
    ]);
  });

  it("are refused by name where they are negative, of nothing that is learnt, or leave no actions", () => {
    const problem = (lossWeights: object) => {
      const given = weighed(undefined);
      return () => parseRecipe("recipe.json", { ...given, policy: { ...given.policy, lossWeights } });
    };
    expect(problem({ "action tokens": -1 })).toThrow("recipe.json: policy.lossWeights.action tokens: expected");
    expect(problem({ velocitys: 1 })).toThrow('recipe.json: unknown key "policy.lossWeights.velocitys"');
    expect(problem({ response: 2 })).toThrow(
      "recipe.json: policy.lossWeights.response: expected a weight of what the policy learns (flow, action tokens), got 2",
    );
    expect(problem({ flow: 0 })).toThrow(
      "recipe.json: policy.lossWeights.flow: expected a weight above 0 of what actions arise from, got 0",
    );
    expect(problem({ flow: 0.5, "action tokens": 0 })).not.toThrow();
  });

  it("make another run of one that has others", () => {
    expect(() => checkResumedRecipe("runs/a", weighed({ flow: 2 }), weighed({ flow: 1 }))).toThrow(
      "policy.lossWeights.flow 2, got 1",
    );
  });
});

/** Two samples: three cells of velocity and three tokens teach the first, one cell the second. */
function microBatch(): MicroBatch {
  const none = () => Int32Array.of(0, 0);
  return {
    feeds: new Map(),
    counts: new Map<string, CellCounts>([
      ["velocity", { bySlot: new HostArray("b d", [2, 2], "float64", Float64Array.of(1, 2, 1, 0)), perSlot: 2 }],
      ["tokens", { bySlot: new HostArray("b", [2], "float64", Float64Array.of(3, 0)), perSlot: 4 }],
    ]),
    provenance: { dataset: none(), controlMode: none(), episode: Int32Array.of(0, 1), frame: none(), draw: none() },
    shape: { rows: 2, views: 0, observations: 1, tokens: 4 },
    samples: 2,
  };
}
