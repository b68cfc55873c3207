import { describe, expect, it } from "vitest";
import { input, type SymbolicArray } from "./array.ts";
import { GraphLowering } from "./lowering.ts";
import { geluTanh } from "./op/activation.ts";
import { alignAny, sum } from "./op/align.ts";
import { einsum } from "./op/einsum.ts";
import { add, multiply, negate } from "./op/elementwise.ts";
import { layerNorm } from "./op/norm.ts";
import { select } from "./op/select.ts";
import { merge, split } from "./op/shape.ts";
import type { AnyArray } from "./operation.ts";
import { bits, evaluate, floats, named } from "./testing/evaluate.ts";

const float = <A extends string>(name: string, axes: A, shape: readonly number[]) =>
  input(name, axes, shape, "float32");

/** Operators in the order in which they are written. */
function written(array: AnyArray): string[] {
  return new GraphLowering(new Map()).graph(new Map([["output", array]])).nodes.map(({ operator }) => operator);
}

describe("views between operators are not written", () => {
  const x = float("x", "b n e", [2, 3, 4]);
  const rows = einsum("b n e, m e -> b n m", x, float("first", "m e", [5, 4]));

  it("from one product through bias, gelu, norm and residual to the next", () => {
    const [bias, gain] = [float("bias", "m", [5]), float("gain", "m", [5])];
    const wide = geluTanh(add(rows, alignAny(bias, rows)));
    const normed = add(layerNorm(wide, gain, bias, 1e-6), wide);
    const out = einsum("b n m, m e -> b n e", normed, float("second", "m e", [5, 4]));
    // The views are those of the program's own input and output.
    const operators = ["Reshape", "Gemm", "Add", "Gelu", "LayerNormalization", "Add", "Gemm", "Reshape"];
    expect(written(out)).toEqual(operators);
  });

  it("nor where nobody reads them", () => {
    const parts = split(rows, "n", "n r", [3, 1]);
    expect(written(merge(parts, "n r", "n"))).toEqual(["Reshape", "Gemm", "Reshape"]);
  });
});

describe("cells of arrays that are seen in other shapes", () => {
  const cells = Float32Array.from({ length: 24 }, (_, at) => at - 11);
  /** Cells `at − 11`, written as `[n e]` and seen as `[b t e]`. */
  const seen = split(negate(negate(float("x", "n e", [6, 4]))), "n", "b t", [2, 3]);
  const feeds = named({
    x: floats("float32", "n e", [6, 4], cells),
    perRow: floats("float32", "b t", [2, 3], [1, 2, 3, 4, 5, 6]),
    perSample: floats("float32", "b", [2], [10, 20]),
    perStep: floats("float32", "t", [3], [100, 200, 300]),
    perColumn: floats("float32", "e", [4], [0.5, 0.25, 2, 4]),
    isReal: bits("b t", [2, 3], [1, 0, 1, 0, 0, 1]),
  });
  const product = async (array: SymbolicArray<"b t e">) =>
    (await evaluate({ array }, { feeds, threads: 1, fixed: new Map() })).array;
  const beside = (factor: (row: number, column: number) => number) =>
    Float64Array.from(cells, (cell, at) => cell * factor(at >> 2, at & 3));

  it.each([
    ["each row", alignAny(float("perRow", "b t", [2, 3]), seen), (row: number) => row + 1],
    ["each sample", alignAny(float("perSample", "b", [2]), seen), (row: number) => (row < 3 ? 10 : 20)],
    ["each step", alignAny(float("perStep", "t", [3]), seen), (row: number) => 100 * (1 + (row % 3))],
    ["each column", alignAny(float("perColumn", "e", [4]), seen), (_: number, at: number) => [0.5, 0.25, 2, 4][at]!],
  ] as const)("meet what is repeated for %s", async (_, thin, factor) => {
    expect(await product(multiply(seen, thin))).toEqual(beside(factor));
    expect(await product(multiply(thin, seen))).toEqual(beside(factor));
  });

  it("meet a mask of rows, and cells that were written in another shape", async () => {
    const isReal = input("isReal", "b t", [2, 3], "bool");
    const whole = negate(alignAny(float("perRow", "b t", [2, 3]), seen));
    const real = [true, false, true, false, false, true];
    expect(await product(select(isReal, add(seen, whole), 7))).toEqual(
      Float64Array.from(cells, (cell, at) => (real[at >> 2] === true ? cell - (at >> 2) - 1 : 7)),
    );
  });

  it("are summed over rows and columns as they are seen", async () => {
    const { columns, steps } = await evaluate(
      { columns: sum(seen, "b t"), steps: sum(seen, "b e") },
      { feeds, threads: 1, fixed: new Map() },
    );
    expect([...columns]).toEqual([-38, -22, -6, 10, 26, 42]);
    expect([...steps]).toEqual([-21, -18, -15, -12, 15, 18, 21, 24]);
  });
});
