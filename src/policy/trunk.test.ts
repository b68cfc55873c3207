import { describe, expect, it } from "vitest";
import { constant, input } from "../graph/array.ts";
import { evaluate, floats, named } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { backbones, experts } from "./backbone.ts";
import type { Segment } from "./segment.ts";
import { TokenStream } from "./stream.ts";
import { runTrunk } from "./trunk.ts";

const [layers, width] = [3, 4];
const size = { width, layers, mlp: 6, heads: 2, keyHeads: 1, headWidth: 2 };
const steps = [
  [0.5, -1, 2, 0.3],
  [1.2, 0.4, -0.6, -0.9],
];

/** Two causal steps of an expert of three layers behind a backbone's prompt of two tokens: what comes out, by step. */
async function stepsOut(jointEvery: number, first: readonly number[], prompt: readonly number[]) {
  const scope = Scope.root(Rules.all);
  const real = SymbolicValidity.complete("b n", [1, 2]);
  const segment = (name: Segment["name"], sight: Segment["sight"], of: string): Segment => {
    const tokens = SymbolicPadded.of(input(of, "b n e", [1, 2, width], "float32"), real);
    return { name, sight, tokens, keys: "real" };
  };
  const prefix = TokenStream.of(scope, [segment("prompt", "within", "prompt")]);
  const { cache } = runTrunk(scope.in("backbone"), { choice: backbones.smolvla, size }, prefix, {
    before: [],
    condition: null,
  });
  const stream = prefix.continuedBy(scope, [segment("actions", "causal", "steps")]);
  const form = { choice: experts.smolvla, size: { ...size, jointEvery } };
  const { tokens } = runTrunk(scope.in("expert"), form, stream, { before: cache, condition: null });
  const feeds = named({
    prompt: floats("float32", "b n e", [1, 2, width], [...prompt, ...steps[1]!]),
    steps: floats("float32", "b n e", [1, 2, width], [...first, ...steps[1]!]),
  });
  const fixed = randomWeights(scope.parameters, 3);
  const { found } = await evaluate({ found: tokens }, { feeds, threads: 1, fixed });
  return { first: [...found.slice(0, width)], second: [...found.slice(width)] };
}

describe("an expert of which some layers read the backbone's keys alone", () => {
  const [usual, other] = [steps[0]!, steps[0]!.map((cell) => -cell)];

  it.each([
    { jointEvery: 0, sees: false },
    { jointEvery: 1, sees: true },
    { jointEvery: 2, sees: true },
  ])("sees earlier steps where a layer is joint: every $jointEvery", async ({ jointEvery, sees }) => {
    const [one, another] = [await stepsOut(jointEvery, usual, usual), await stepsOut(jointEvery, other, usual)];
    expect(one.first).not.toEqual(another.first);
    expect(one.second.join() !== another.second.join()).toBe(sees);
  });

  it.each([0, 1, 2])("reads the prompt, wherever layers are joint: every %d", async (jointEvery) => {
    const [one, another] = [await stepsOut(jointEvery, usual, usual), await stepsOut(jointEvery, usual, other)];
    expect(one.first).not.toEqual(another.first);
  });

  it("needs a stream before it", () => {
    const scope = Scope.root(Rules.all);
    const zeros = constant(floats("float32", "b n e", [1, 2, width], new Float32Array(2 * width)));
    const tokens = SymbolicPadded.of(zeros, SymbolicValidity.complete("b n", [1, 2]));
    const stream = TokenStream.of(scope, [{ name: "actions", sight: "causal", keys: "real", tokens }]);
    const form = { choice: experts.smolvla, size: { ...size, jointEvery: 2 } };
    expect(() => runTrunk(scope, form, stream, { before: [], condition: null })).toThrow(
      "patternOfEarlier: expected a stream that continues another, got none",
    );
  });
});
