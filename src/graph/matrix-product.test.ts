import { describe, expect, it } from "vitest";
import { input } from "./array.ts";
import { gradient } from "./gradient.ts";
import { GraphLowering } from "./lowering.ts";
import { sum } from "./op/align.ts";
import { einsum } from "./op/einsum.ts";
import type { AnyArray } from "./operation.ts";

const float = <A extends string>(name: string, axes: A, shape: readonly number[]) =>
  input(name, axes, shape, "float32");

/** What is written for some arrays: operators by name, those that only look at cells in another shape left out. */
function written(arrays: readonly AnyArray[]): string[] {
  const { nodes } = new GraphLowering(new Map()).graph(new Map(arrays.map((array, at) => [`output ${at}`, array])));
  return nodes.map(({ operator }) => operator).filter((operator) => operator !== "Reshape");
}

/** How often cells are moved for a product and its gradients. */
function moves(product: AnyArray, gradients: readonly AnyArray[]): number {
  return written([product, ...gradients]).filter((operator) => operator === "Transpose").length;
}

describe("a product moves no cells", () => {
  it("in a linear layer, forwards or backwards", () => {
    const [x, weight] = [float("x", "b n e", [2, 3, 8]), float("weight", "m e", [5, 8])];
    const product = einsum("b n e, m e -> b n m", x, weight);
    expect(written([product])).toEqual(["Gemm"]);
    expect(moves(product, gradient(sum(product, ""), [x, weight]))).toBe(0);
  });

  it("in a projection onto heads and back", () => {
    const [x, weight] = [float("x", "b n e", [2, 3, 8]), float("weight", "a f e", [4, 2, 8])];
    const heads = einsum("b n e, a f e -> b n a f", x, weight);
    expect(moves(heads, gradient(sum(heads, ""), [x, weight]))).toBe(0);
    const out = einsum("b n a f, e a f -> b n e", heads, float("out", "e a f", [8, 4, 2]));
    expect(moves(out, gradient(sum(out, ""), [heads, weight]))).toBe(0);
  });

  it("in attention whose queries share one head of keys, however often", () => {
    const queries = float("queries", "b q g r f", [2, 5, 1, 4, 8]);
    const keys = float("keys", "b k g f", [2, 6, 1, 8]);
    const scores = einsum("b q g r f, b k g f -> b g q r k", queries, keys);
    const read = einsum("b g q r k, b k g f -> b q g r f", scores, keys);
    expect(moves(read, gradient(sum(read, ""), [queries, keys]))).toBe(0);
  });
});

it("with several heads each operand and result of attention is moved once, as whole rows", () => {
  const queries = float("queries", "b q g r f", [2, 5, 4, 1, 8]);
  const keys = float("keys", "b k g f", [2, 6, 4, 8]);
  const scores = einsum("b q g r f, b k g f -> b g q r k", queries, keys);
  const { nodes } = new GraphLowering(new Map()).graph(new Map([["scores", scores]]));
  const orders = nodes.filter(({ operator }) => operator === "Transpose").map(({ attributes }) => attributes.perm);
  expect(orders).toEqual([{ ints: [0, 2, 1, 3, 4] }, { ints: [0, 2, 1, 3] }]);
});

it("a view of a view is one of the original, and equal views are one", () => {
  const lowering = new GraphLowering(new Map());
  const view = lowering.reshaped("x", [2, 12], [2, 3, 4]);
  expect(lowering.reshaped(view, [2, 3, 4], [24])).toBe(lowering.reshaped("x", [2, 12], [24]));
  expect(lowering.reshaped(view, [2, 3, 4], [2, 12])).toBe("x");
});
