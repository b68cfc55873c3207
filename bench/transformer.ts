import { input, type SymbolicArray, sizeOf } from "../src/graph/array.ts";
import { cells } from "../src/graph/axes.ts";
import { geluTanh } from "../src/graph/op/activation.ts";
import { sum } from "../src/graph/op/align.ts";
import { add, scale, square, subtract } from "../src/graph/op/elementwise.ts";
import { rename } from "../src/graph/op/shape.ts";
import type { Device } from "../src/graph/runtime/device.ts";
import { attend } from "../src/nn/attention.ts";
import { linear } from "../src/nn/linear.ts";
import { norm } from "../src/nn/norm.ts";
import { type Parameter, Scope } from "../src/nn/parameter.ts";
import { TokenStream } from "../src/policy/stream.ts";
import { Rules } from "../src/validity/rules.ts";

/** Batch, tokens and width of the transformer that the engine is measured on. */
export interface Shape {
  readonly rows: number;
  readonly tokens: number;
  readonly width: number;
}

/** Those that are measured, under the names that `bench/pytorch_engine.py` knows; the last fills a card, and two cores for a minute. */
export const shapes = {
  B8T64D256: { rows: 8, tokens: 64, width: 256 },
  B8T256D512: { rows: 8, tokens: 256, width: 512 },
  B32T512D1024: { rows: 32, tokens: 512, width: 1024 },
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;

/** The shapes that are measured on a device. */
export function shapesFor(device: Device): ShapeName[] {
  return device === "cpu" ? ["B8T64D256", "B8T256D512"] : ["B8T64D256", "B8T256D512", "B32T512D1024"];
}

const blocks = 4;
const headWidth = 64;

/** Names of the inputs beside the parameters. */
export const batchInputs = { input: "input", target: "target" } as const;

/**
 * The loss of four pre-norm blocks and a linear head: mean squared error against a target of the input's shape.
 *
 * Parameters have PyTorch's names, with query, key and value apart.
 *
 * @source bench/pytorch_engine.py
 */
export function traceTransformer({ rows, tokens, width }: Shape): {
  readonly loss: SymbolicArray<"">;
  readonly parameters: readonly Parameter[];
} {
  const scope = Scope.root(Rules.all);
  const given = (name: string) => input(name, "b n e", [rows, tokens, width], "float32");
  let x = given(batchInputs.input);
  for (let block = 0; block < blocks; block++) x = runBlock(scope.in(`blocks.${block}`), x);
  const predicted = project(scope.in("head"), normed(scope.in("norm"), x), width);
  const errors = square(subtract(predicted, given(batchInputs.target)));
  return { loss: scale(sum(errors, ""), 1 / cells(errors.shape)), parameters: scope.parameters };
}

function runBlock(scope: Scope, x: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  const width = sizeOf(x, "e");
  const between = add(x, attention(scope, normed(scope.in("norm1"), x)));
  const wide = linear(scope.in("fc1"), normed(scope.in("norm2"), between), {
    from: "e",
    to: "m",
    sizes: [4 * width],
    bias: "zero",
    initial: "fan-in",
  });
  return add(
    between,
    linear(scope.in("fc2"), geluTanh(wide), { from: "m", to: "e", sizes: [width], bias: "zero", initial: "fan-in" }),
  );
}

function attention(scope: Scope, x: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  const width = sizeOf(x, "e");
  const heads = { from: "e", sizes: [width / headWidth, headWidth], bias: "zero", initial: "fan-in" } as const;
  const queries = linear(scope.in("query"), rename(x, "n", "q"), { ...heads, to: "a f" });
  const keys = linear(scope.in("key"), rename(x, "n", "k"), { ...heads, to: "g f" });
  const values = linear(scope.in("value"), rename(x, "n", "k"), { ...heads, to: "g f" });
  const output = rename(attend(queries, keys, values, TokenStream.wholeRows), "q", "n");
  return linear(scope.in("out"), output, { from: "a f", to: "e", sizes: [width], bias: "zero", initial: "fan-in" });
}

function project(scope: Scope, x: SymbolicArray<"b n e">, width: number): SymbolicArray<"b n e"> {
  return linear(scope, x, { from: "e", to: "e", sizes: [width], bias: "zero", initial: "fan-in" });
}

function normed(scope: Scope, x: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  return norm(scope, { kind: "layer", weight: "gain and bias", epsilon: 1e-6 }, x, null).tokens;
}
