import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { constant, input } from "../../src/graph/array.ts";
import { gradient } from "../../src/graph/gradient.ts";
import type { DataType, HostArray } from "../../src/graph/host-array.ts";
import { sum } from "../../src/graph/op/align.ts";
import { multiply } from "../../src/graph/op/elementwise.ts";
import { slice } from "../../src/graph/op/shape.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate, floats } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import type { TrunkChoice } from "../../src/policy/backbone.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import { runTrunk } from "../../src/policy/trunk.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { formulaValues } from "./formula.ts";
import { expectGradient, formulaWeights, gradientSchema, parametersSchema, trunkSchema } from "./reference.ts";

const numbers = z.array(z.number());
const file = z.object({
  size: trunkSchema,
  window: z.number(),
  bases: z.object({ local: z.number(), global: z.number() }),
  real: z.object({ cells: z.array(numbers) }),
  parameters: parametersSchema,
  float32Error: z.number(),
  float32GradientError: z.number(),
  float64: z.object({ seen: numbers, gradients: z.record(z.string(), gradientSchema) }),
});
const reference = file.parse(JSON.parse(readFileSync(new URL("gemma3-backbone.json", import.meta.url), "utf8")));
const { width } = reference.size;
const [rows, theirLength, image] = [2, 15, 6];

const norm = { kind: "rms", weight: "offset", epsilon: 1e-6 } as const;
const local = { window: reference.window, ropeBase: reference.bases.local };
const gemma3: TrunkChoice = {
  layer: {
    norms: { attention: norm, mlp: norm, added: norm, queryKey: norm },
    mlp: { kind: "gated", activation: "gelu-tanh" },
    bias: "none",
  },
  lastNorm: norm,
  ranges: [local, local, local, local, local, { window: "none", ropeBase: reference.bases.global }],
};

/** Theirs stand at the front of a row; ours among tokens that do not exist: the image in six places, the words in fourteen. */
const isReal = [
  [1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0],
  [0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0],
];
const length = isReal[0]!.length;

/** Numbers of tokens that they have, where ours stand, and `other` in those that do not exist. */
function laidOut(theirs: ArrayLike<number>, other: (cell: number) => number): Float32Array {
  return Float32Array.from({ length: rows * length * width }, (_, cell) => {
    const [row, place] = [Math.floor(cell / (length * width)), Math.floor(cell / width) % length];
    const before = isReal[row]!.slice(0, place).reduce((count, bit) => count + bit, 0);
    const isThere = isReal[row]![place] === 1;
    return isThere ? theirs[(row * theirLength + before) * width + (cell % width)]! : other(cell);
  });
}

/** Their tokens among what stands in our places; 0 behind the last of a row. */
function gathered(ours: ArrayLike<number>): Float64Array {
  const found = new Float64Array(rows * theirLength * width);
  for (const [row, bits] of isReal.entries())
    for (const [at, place] of bits.flatMap((bit, place) => (bit === 1 ? [place] : [])).entries())
      for (let cell = 0; cell < width; cell++)
        found[(row * theirLength + at) * width + cell] = ours[(row * length + place) * width + cell]!;
  return found;
}

it("a backbone with layers of Gemma 3, local and global, is transformers', also where tokens that do not exist stand between", async () => {
  const scope = Scope.root(Rules.all);
  const tokens = input("tokens", "b n e", [rows, length, width], "float32");
  const real = SymbolicValidity.input("real", "b n", [rows, length]);
  const part = (name: "pictures" | "prompt", from: number, to: number) => ({
    name,
    keys: "real" as const,
    tokens: SymbolicPadded.of(
      slice(tokens, "n", from, to),
      real.reshaped((bits) => slice(bits, "n", from, to)),
    ),
  });
  const stream = TokenStream.of(scope, [
    { ...part("pictures", 0, image), sight: "within" },
    { ...part("prompt", image, length), sight: "causal" },
  ]);
  const trunk = { choice: gemma3, size: reference.size };
  const seen = runTrunk(scope, trunk, stream, { before: [], condition: null }).tokens;
  const theirDirection = formulaValues("gemma3-backbone/direction", rows * theirLength * width, 1, 0);
  const direction = constant(
    floats(
      "float32",
      "b n e",
      [rows, length, width],
      laidOut(theirDirection, () => 0),
    ),
  );
  const names = [...scope.parameters.map(({ name }) => name), "tokens"];
  const slopes = gradient(sum(multiply(seen, direction), ""), [...scope.parameters.map(({ array }) => array), tokens]);
  const theirTokens = formulaValues("gemma3-backbone/tokens", rows * theirLength * width, 4, 0);
  const feeds = new Map<string, HostArray<string, DataType>>([
    [
      "tokens",
      floats(
        "float32",
        "b n e",
        [rows, length, width],
        laidOut(theirTokens, (cell) => 1 + (cell % 7)),
      ),
    ],
    ["real", bits("b n", [rows, length], isReal.flat())],
    ...formulaWeights(scope.parameters, reference.parameters),
  ]);
  const outputs = { seen, ...Object.fromEntries(slopes.map((slope, at) => [`of ${names[at]}`, slope])) };
  const found: Record<string, Float64Array> = await evaluate(outputs, {
    feeds,
    threads: 2,
    fixed: new Map(),
  });
  expect(isReal.map((row) => row.filter((bit) => bit === 1).length)).toEqual(
    reference.real.cells.map((row) => row.filter((bit) => bit === 1).length),
  );
  expectClose("seen", gathered(found.seen!), reference.float64.seen, {
    absolute: 3 * reference.float32Error,
    relative: 0,
    because: `float32 through seven layers, in which PyTorch's own error is ${reference.float32Error}`,
  });
  expect(Object.keys(reference.float64.gradients).sort()).toEqual([...names].sort());
  for (const name of names) {
    const own = found[`of ${name}`]!;
    expectGradient(
      name,
      name === "tokens" ? gathered(own) : own,
      reference.float64.gradients[name]!,
      3 * reference.float32GradientError,
    );
  }
});
