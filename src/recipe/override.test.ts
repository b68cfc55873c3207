import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { fitsRecipe, parseRecipe } from "./file.ts";
import { override, overrideWhereFits, paths } from "./override.ts";
import { recipe as whole } from "./testing/recipe.ts";

const recipe = {
  seed: 1,
  batch: { size: 32, microBatch: 8 },
  policy: { variant: "pi0", size: "tiny" },
  optimizer: { rate: 1e-3, isNesterov: false, clip: null },
  datasets: [{ root: "a", weight: 1 }],
};

describe("override", () => {
  it("replaces a scalar by its path and leaves everything else, and the recipe itself, as it was", () => {
    const changed = override(recipe, ["batch.size=16", "policy.size=base"]);
    expect(changed).toEqual({
      ...recipe,
      batch: { size: 16, microBatch: 8 },
      policy: { variant: "pi0", size: "base" },
    });
    expect(recipe.batch.size).toBe(32);
  });

  it("reads numbers, booleans and text as the scalar that stands there", () => {
    const changed = override(recipe, ["optimizer.rate=5e-4", "optimizer.isNesterov=true", "policy.variant=12"]);
    expect(changed.optimizer).toEqual({ rate: 5e-4, isNesterov: true, clip: null });
    expect(changed.policy.variant).toBe("12");
  });

  it("reads a value for null as JSON where it is JSON, else as text", () => {
    expect(override(recipe, ["optimizer.clip=1.5"]).optimizer.clip).toBe(1.5);
    expect(override(recipe, ["optimizer.clip=global norm"]).optimizer.clip).toBe("global norm");
  });

  it("reaches into lists by position, and they stay lists", () => {
    const changed = override(recipe, ["datasets.0.weight=2"]);
    expect(changed.datasets).toEqual([{ root: "a", weight: 2 }]);
    expect(Array.isArray(changed.datasets)).toBe(true);
  });

  it("takes everything after the first = as the value, and the last of two settings", () => {
    expect(override(recipe, ["datasets.0.root=x", "datasets.0.root=/data/a=b"]).datasets[0]?.root).toBe("/data/a=b");
  });

  it.each([
    ["batch.sise=16", '--set batch.sise: expected a key of the recipe, got an unknown one; did you mean "batch.size"?'],
    ["batchsize=16", '--set batchsize: expected a key of the recipe, got an unknown one; did you mean "batch.size"?'],
    [
      "datasets.1.weight=2",
      '--set datasets.1.weight: expected a key of the recipe, got an unknown one; did you mean "datasets.0.weight"?',
    ],
    ["seed.low=1", '--set seed.low: expected a key of the recipe, got an unknown one; did you mean "seed"?'],
    [
      "__proto__.seed=1",
      '--set __proto__.seed: expected a key of the recipe, got an unknown one; did you mean "seed"?',
    ],
    ["batch=16", "--set batch: expected a single value, got a group; its values are batch.size, batch.microBatch"],
    ["batch.size=many", '--set batch.size: expected a number (the recipe has 32), got "many"'],
    ["batch.size=", '--set batch.size: expected a number (the recipe has 32), got ""'],
    ["batch.size=1e999", '--set batch.size: expected a number (the recipe has 32), got "1e999"'],
    ["optimizer.isNesterov=1", '--set optimizer.isNesterov: expected true or false (the recipe has false), got "1"'],
    ["seed", '--set: expected KEY=VALUE, got "seed"'],
    ["=3", '--set: expected KEY=VALUE, got "=3"'],
  ])("refuses %s", (setting, message) => {
    expect(() => override(recipe, [setting])).toThrow(new InputError(message));
  });
});

describe("overrideWhereFits", () => {
  const mixed = { rate: "native", frames: 64, size: "tiny" };
  const fits = (value: object, path: string) => {
    const at: unknown = Reflect.get(value, path);
    const isOwn =
      path === "size"
        ? at === "tiny" || at === "base"
        : typeof at === "number" || at === (path === "rate" ? "native" : "all");
    return isOwn ? "fits" : "another value";
  };
  const set = (setting: string) => overrideWhereFits(mixed, [setting], fits);

  it("reads a value as another kind where it does not fit as the one that stands there", () => {
    expect(set("rate=10").rate).toBe(10);
    expect(set("rate=native").rate).toBe("native");
    expect(set("frames=all").frames).toBe("all");
    expect(set("frames=8").frames).toBe(8);
  });

  it("keeps what fits as no kind as it stands, for the check of the whole recipe to refuse", () => {
    expect(set("rate=fast").rate).toBe("fast");
    expect(set("size=7").size).toBe("7");
    expect(() => set("frames=many")).toThrow('--set frames: expected a number (the recipe has 64), got "many"');
  });
});

describe("overrideWhereFits on a whole recipe", () => {
  const set = (setting: string) => overrideWhereFits(whole, [setting], fitsRecipe);

  it("adds a key that a recipe may lack, and no other; what is no value of it stays for the check of the whole recipe", () => {
    expect(set("data.longPrompt=cut").data.longPrompt).toBe("cut");
    expect(set("data.longPrompt=shorten").data.longPrompt).toBe("shorten");
    expect(() => parseRecipe("--set", set("precision=int4"))).toThrow(
      /^--set: precision: [^\n]*"float32"[^\n]*"bf16"[^\n]*$/,
    );
    expect(() => set("data.longPromt=cut")).toThrow("--set data.longPromt: expected a key of the recipe");
    expect(whole.data).not.toHaveProperty("longPrompt");
  });
});

describe("paths", () => {
  it("lists every scalar in the order in which they stand", () => {
    expect(paths({ b: { d: 1, c: [true, null] }, a: "x" })).toEqual(["b.d", "b.c.0", "b.c.1", "a"]);
  });
});
