import { describe, expect, it } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

const keys = ["batch.size", "batch.microBatch", "policy.size", "optimizer.steps", "seed"];

describe("nearest", () => {
  it("finds the key that was meant behind a slip of the finger", () => {
    expect(nearest("optimiser.step", keys)).toBe("optimizer.steps");
    expect(nearest("batch.sizes", keys)).toBe("batch.size");
    expect(nearest("sede", keys)).toBe("seed");
  });

  it("counts a swap of neighbours as one edit", () => {
    // Were a swap two replacements, both would be two edits away and the first would win.
    expect(nearest("abdc", ["axyc", "abcd"])).toBe("abcd");
  });

  it("does not count letter case", () => {
    expect(nearest("BATCH.MICROBATCH", keys)).toBe("batch.microBatch");
  });

  it("gives the first of two that are equally near", () => {
    expect(nearest("b", ["a", "c"])).toBe("a");
  });

  it("has no answer where nothing is known, and says nothing then", () => {
    expect(nearest("seed", [])).toBeNull();
    expect(didYouMean("seed", [])).toBe("");
    expect(didYouMean("sed", keys)).toBe('; did you mean "seed"?');
  });
});
