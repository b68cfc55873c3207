import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { grootSizes, pi0Sizes, queriesSizes } from "../policy/size.ts";
import { parseRecipe } from "./file.ts";
import { mixtureOf } from "./mixture-of.ts";
import { formOf, layoutOf } from "./plan.ts";
import { recipe } from "./testing/recipe.ts";

/** The example with values put in by path; `undefined` takes the key out. */
function problem(changes: Readonly<Record<string, unknown>>): string {
  const copy = structuredClone(recipe);
  for (const [path, value] of Object.entries(changes)) put(copy, path.split("."), value);
  try {
    parseRecipe("recipe.json", copy);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error instanceof Error ? error.message : "";
  }
  return "no problem";
}

function put(holder: object, [key = "", ...rest]: readonly string[], value: unknown): void {
  const inner: unknown = Reflect.get(holder, key);
  if (rest.length > 0 && typeof inner === "object" && inner !== null) put(inner, rest, value);
  else if (value === undefined) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, value);
}

/** Every path to a key, groups included, entries of lists excluded. */
function keyPaths(value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const isGroup = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return [key, ...(isGroup ? keyPaths(inner).map((path) => `${key}.${path}`) : [])];
  });
}

describe("a recipe", () => {
  it("is the same after a way through JSON", () => {
    expect(parseRecipe("recipe.json", JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });

  it("has no key that is unknown: the nearest known one is named", () => {
    const nearest = {
      seeds: "seed",
      "batch.microbatch": "batch.microBatch",
      "policy.history.slot": "policy.history.slots",
      "data.datasets.1.wieght": "data.datasets.1.weight",
      "data.datasets.0.mapping.camera": "data.datasets.0.mapping.cameras",
      "data.datasets.1.mapping.dofs.2.slots": "data.datasets.1.mapping.dofs.2.slot",
      "data.datasets.0.source.locations": "data.datasets.0.source.location",
      "data.datasets.0.mapping.prompt.test": "data.datasets.0.mapping.prompt.text",
    };
    for (const [path, known] of Object.entries(nearest))
      expect(problem({ [path]: 1 })).toBe(`recipe.json: unknown key "${path}"; did you mean "${known}"?`);
  });

  it("may say factors of the learning rate, each above 0: what does not learn is frozen", () => {
    expect(problem({ "optimizer.rates": { vision: 0.1, "expert.out": 3 } })).toBe("no problem");
    for (const factor of [0, -1])
      expect(problem({ "optimizer.rates": { vision: factor } })).toBe(
        `recipe.json: optimizer.rates.vision: expected a factor above 0, got ${factor}; freeze by optimizer.train or optimizer.frozen`,
      );
    expect(problem({ "optimizer.rates": { vision: "slow" } })).toContain("optimizer.rates.vision: expected");
  });

  it("may leave rollouts out as a whole, and says all of them where it has some", () => {
    const rollout = {
      everySteps: 0,
      robots: [{ name: "reacher", dataset: null }],
      episodes: 5,
      seed: 0,
      execute: null,
      delay: 0,
      sideBySide: 5,
    };
    expect(problem({ rollout })).toBe("no problem");
    expect(problem({ rollout: { ...rollout, episodes: undefined } })).toContain(
      "recipe.json: rollout.episodes: expected",
    );
    expect(problem({ rollout: { ...rollout, robots: [] } })).toContain("rollout.robots");
    expect(problem({ rollouts: rollout })).toContain('unknown key "rollouts"');
  });

  it("has no default: every key that is missing is named", () => {
    const paths = [...keyPaths(recipe), ...keyPaths(recipe.data.datasets[0]!).map((path) => `data.datasets.0.${path}`)];
    expect(paths).toContain("optimizer.epsilon");
    for (const path of paths) expect(problem({ [path]: undefined })).toContain(`recipe.json: ${path}: expected`);
  });

  it("has values that go together", () => {
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [{ "optimizer.warmup": 40 }, "optimizer.warmup: expected fewer than optimizer.steps (40), got 40"],
      [{ "optimizer.final": 1 }, "optimizer.final: expected at most optimizer.peak (0.001), got 1"],
      [{ "optimizer.schedule": "constant" }, "optimizer.final: expected optimizer.peak (0.001), got 0.0001"],
      [{ "optimizer.schedule": "constant", "optimizer.final": 1e-3 }, "no problem"],
      [{ "optimizer.ema": null }, 'validation.weights: expected "parameters" where optimizer.ema is null, got "ema"'],
      [{ "optimizer.ema": null, "validation.weights": "parameters" }, "no problem"],
      [{ "policy.history.slots": 3 }, "no problem"],
      [
        { "policy.history.slots": 42 },
        "policy.history.slots: expected at most 41, which offsets in time tell apart, got 42",
      ],
      [{ "policy.variant": "groot_n16" }, "no problem"],
      [{ "policy.parts": [{ name: "arm", slots: [0, 13] }] }, "no problem"],
      [
        { "policy.parts": [{ name: "arm", slots: [0, 14] }] },
        "policy.parts: expected slots below policy.actionWidth (14), got 14",
      ],
      [
        {
          "policy.parts": [
            { name: "arm", slots: [0, 1] },
            { name: "claw", slots: [1] },
          ],
        },
        "policy.parts: expected each name and each slot once, got 1 again",
      ],
      [
        {
          "policy.parts": [
            { name: "arm", slots: [0] },
            { name: "arm", slots: [1] },
          ],
        },
        'policy.parts: expected each name and each slot once, got "arm" again',
      ],
      [
        {
          "policy.variant": "groot_n16",
          supervision: "asReleasedPi",
          "conventions.actionSight": "both",
          "conventions.pastEnd": "taught",
        },
        'supervision: expected "allReal" or "moving" with policy.variant "groot_n16", got "asReleasedPi"',
      ],
      [
        { supervision: "asReleasedPi" },
        'supervision: expected "allReal" or "moving" where conventions.pastEnd is "hidden", got "asReleasedPi"',
      ],
      [
        { "conventions.pastEnd": "seen" },
        'conventions.pastEnd: expected "hidden" where conventions.actionSight is "causal", got "seen"',
      ],
      [{ "policy.views": ["base", "wrist", "base"] }, 'policy.views: expected each view once, got "base" again'],
      [{ "policy.variant": "pi05" }, "no problem"],
      [{ "policy.prompt": "smolvla" }, "no problem"],
      [
        { "policy.variant": "pi05", "policy.prompt": "smolvla" },
        'policy.prompt: expected a format that says the state, as policy.variant "pi05" reads it nowhere else, got "smolvla"',
      ],
      [{ "policy.size": grootSizes.micro }, 'policy.size: expected an "expert", got a "dit"'],
      [
        { "policy.variant": "groot_n15", "policy.size": "micro", "policy.actionHorizon": 17 },
        "policy.actionHorizon: expected at most 16, which the table of places of policy.size has, got 17",
      ],
      [
        { "policy.size": { ...pi0Sizes.micro, expert: { ...pi0Sizes.micro.expert, layers: 2 } } },
        "policy.size: expected expert.layers to be backbone.layers (3), since the expert reads its keys, got 2",
      ],
      [
        { "policy.size": { ...pi0Sizes.micro, vision: { ...pi0Sizes.micro.vision, patch: 5 } } },
        "policy.size: expected vision.picture to be a multiple of vision.patch (5), got 16",
      ],
      [
        { "policy.variant": "pi0_queries", "policy.size": pi0Sizes.micro },
        'policy.size: expected vision.queries with policy.variant "pi0_queries", whose pictures are as many tokens, got none',
      ],
      [
        { "policy.size": queriesSizes.micro },
        'policy.size: expected no vision.queries with policy.variant "pi0", whose connector has none, got 3',
      ],
    ];
    for (const [changes, expected] of cases) expect(problem(changes).replace("recipe.json: ", "")).toBe(expected);
  });

  it("says what it takes where a value does not fit", () => {
    const cases: readonly (readonly [string, unknown, string])[] = [
      [
        "policy.variant",
        "groot",
        'expected "pi0" or "groot_n16" or "groot_n15" or "groot_n17" or "pi0_queries" or "pi0_prompt" or "pi05" or "pi05_fast" or "pi05_mem" or "pi05_mem_motion" or "smolvla" or "pi06" or "pi06_fast" or "pi07_low_level" or "pi07_low_level_fast" or "pi07_paligemma_low_level" or "pi07_paligemma_low_level_fast" or "pi0_fast", got "groot"',
      ],
      ["policy.size", "big", 'expected "micro" or "mini" or "tiny" or "base" or an object, got "big"'],
      ["validation.microBatch", 1, "expected a number of at least 2, got 1"],
      ["data.rate", 0, "expected a number above 0, got 0"],
      ["data.rate", "fast", 'expected "native" or a number, got "fast"'],
      ["data.datasets.0.episodes", [2, 2], "expected each episode once"],
      ["data.datasets.0.mapping.prompt.kind", "tusk", 'expected "task" or "fixed", got "tusk"'],
      ["optimizer.betas.1", 1, "expected a number below 1, got 1"],
      ["name", "my recipe", 'expected small letters, digits and dashes, got "my recipe"'],
      ["seed", 1.5, "expected a whole number, got 1.5"],
    ];
    for (const [path, value, expected] of cases)
      expect(problem({ [path]: value })).toBe(`recipe.json: ${path}: ${expected}`);
  });
});

describe("the policy of a recipe", () => {
  it("may have a size of its own, and is then what the variant's size of the same numbers is", () => {
    const own = { ...recipe, policy: { ...recipe.policy, size: pi0Sizes.micro } };
    expect(parseRecipe("recipe.json", own)).toEqual(own);
    expect(formOf(own)).toEqual(formOf(recipe));
    expect(layoutOf(own, 2)).toEqual(layoutOf(recipe, 2));
  });
});

describe("the mixture of a recipe", () => {
  it("has its datasets below the data folder, unless they are elsewhere", () => {
    const { seed, views, entries, pictureMemoryBytes } = mixtureOf(recipe);
    expect({ seed, views, pictureMemoryBytes }).toEqual({
      seed: 7,
      views: ["base", "left_wrist"],
      pictureMemoryBytes: 1 << 20,
    });
    const locations = entries.map(({ source }) =>
      source.kind === "lerobot" ? source.location : source.description.seed,
    );
    expect(locations).toEqual(["../shared/data/real/pusht", "hf://lerobot/aloha", 1]);
    expect(entries.map(({ validationRatio }) => validationRatio)).toEqual([0.2, 0.2, 0.2]);
  });
});
