import { describe, expect, it } from "vitest";
import { costOf } from "../objective/cost.ts";
import { publishedSetting } from "./published-setting.ts";

/** A Gemma layer: queries, keys, values, output, three maps of the feed-forward, two norms. */
function gemmaLayer(width: number, mlp: number, heads: number): number {
  const head = 256;
  return 2 * width * heads * head + 2 * width * head + 3 * width * mlp + 2 * width;
}

describe("π0 at its published size", () => {
  const cost = costOf(publishedSetting("pi0", "base", 1));
  const count = (name: string) => cost.parts.find((part) => part.name === name)?.parameters;

  it("has as many parameters as openpi's shapes say, part by part", () => {
    const siglipLayer = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152;
    const tower = 1152 * 3 * 14 * 14 + 1152 + 256 * 1152 + 27 * siglipLayer + 2 * 1152;
    expect(count("vision")).toBe(tower + 1152 * 2048 + 2048);
    expect(count("embedding")).toBe(257_152 * 2048);
    expect(count("backbone")).toBe(18 * gemmaLayer(2048, 16_384, 8) + 2048);
    expect(count("expert")).toBe(18 * gemmaLayer(1024, 4096, 8) + 1024);
    expect(count("state")).toBe(32 * 1024 + 1024);
    expect(count("action")).toBe(32 * 1024 + 1024 + 2048 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 * 32 + 32);
  });

  it("takes two operations for each weight and token that it is multiplied with, attention aside", () => {
    const tokens = 3 * 256 + 48;
    const perToken = 18 * (gemmaLayer(2048, 16_384, 8) - 2 * 2048);
    const least = 2 * tokens * perToken;
    // Tower, expert in ten steps, attention: less than the half of the backbone again.
    expect(cost.answerOperations).toBeGreaterThan(least);
    expect(cost.answerOperations).toBeLessThan(1.5 * least);
  });
});

it("π0.5 at its published size has norms that follow the time in the place of weights, and no map of the state", () => {
  const { parts } = costOf(publishedSetting("pi05", "base", 1));
  const count = (name: string) => parts.find((part) => part.name === name)?.parameters;
  const adaptive = 3 * 1024 * 1024 + 3 * 1024;
  expect(count("expert")).toBe(18 * (gemmaLayer(1024, 4096, 8) - 2 * 1024 + 2 * adaptive) + adaptive);
  expect(count("action")).toBe(32 * 1024 + 1024 + 2 * (1024 * 1024 + 1024) + 1024 * 32 + 32);
  expect(parts.some(({ name }) => name === "state")).toBe(false);
});
