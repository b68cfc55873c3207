import { describe, expect, it } from "vitest";
import { bits, evaluate, named } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { fixedText, type TextOf } from "./fixed-text.ts";
import { observationInputs } from "./inputs.ts";

const layout = {
  rows: 5,
  steps: 2,
  actionWidth: 1,
  stateWidth: 1,
  views: 1,
  observations: 1,
  tokens: 1,
  actionTokens: 0,
  responseTokens: 3,
  metadataTokens: 2,
  subgoals: 2,
  pictureSize: 2,
};
const texts = new Map([
  [", ", [7, 9]],
  ["", []],
]);

/** Samples with nothing, metadata, a subgoal of the second view, all; a filler row. */
const facts = named({
  responseReal: bits("b r", [5, 3], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]),
  rowReal: bits("b", [5], [1, 1, 1, 1, 0]),
  metadataReal: bits("b z", [5, 2], [0, 0, 1, 0, 0, 0, 1, 1, 0, 0]),
  subgoalReal: bits("b x", [5, 2], [0, 0, 0, 0, 0, 1, 1, 1, 0, 0]),
});

describe("a fixed text", () => {
  it.each<[TextOf, string]>([
    ["all", "11110"],
    ["response", "00010"],
    ["metadata", "01010"],
    ["subgoal", "00110"],
    ["any", "01110"],
    ["none", "10000"],
  ])("of %s is a part of those samples alone, each by what it has itself", async (of, samples) => {
    const { ids, real } = fixedText(texts, ", ", of, observationInputs(layout, Rules.all, "uint8"));
    const found = await evaluate({ ids, real: real.isReal }, { feeds: facts, threads: 1, fixed: new Map() });
    expect([...found.ids]).toEqual([7, 9, 7, 9, 7, 9, 7, 9, 7, 9]);
    expect([...found.real].join("")).toBe([...samples].map((bit) => bit.repeat(2)).join(""));
  });

  it("is a part of no sample where a policy is told nothing of what it hangs on", async () => {
    const { responseTokens, metadataTokens, subgoals, ...untold } = layout;
    expect([responseTokens, metadataTokens, subgoals]).toEqual([3, 2, 2]);
    const observation = observationInputs(untold, Rules.all, "uint8");
    const feeds = named({ rowReal: bits("b", [5], [1, 1, 1, 1, 0]) });
    for (const [of, samples] of [
      ["any", "00000"],
      ["none", "11110"],
    ] as const) {
      const { real } = fixedText(texts, ", ", of, observation);
      const found = await evaluate({ real: real.isReal }, { feeds, threads: 1, fixed: new Map() });
      expect([...found.real].join("")).toBe([...samples].map((bit) => bit.repeat(2)).join(""));
    }
  });

  it("has tokens, or is refused by name", () => {
    const observation = observationInputs(layout, Rules.all, "uint8");
    for (const text of ["State: ", ""])
      expect(() => fixedText(texts, text, "all", observation)).toThrow(
        `fixedText: expected the tokens of ${JSON.stringify(text)}, got none`,
      );
  });
});
