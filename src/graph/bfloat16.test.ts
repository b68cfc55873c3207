import { expect, test } from "vitest";
import { input } from "./array.ts";
import { withoutBfloat16, withProductsInBfloat16 } from "./bfloat16.ts";
import { GraphLowering } from "./lowering.ts";
import { einsum } from "./op/einsum.ts";
import { scale } from "./op/elementwise.ts";
import { computeOn } from "./operator-check.ts";
import { floats, named } from "./testing/evaluate.ts";

const x = input("x", "i k", [1, 2], "float32");
const weight = input("weight", "k j", [2, 2], "float32");
const product = scale(einsum("i k, k j -> i j", x, weight), 3);
const written = new GraphLowering(new Map(), "bfloat16").graph(new Map([["y", product]]));
const casts = (graph: typeof written) =>
  graph.nodes.map(({ operator, attributes: { to } }) =>
    operator === "Cast" && to !== undefined && "int" in to ? to.int : operator,
  );

test("products alone are written in bfloat16, which ONNX calls 16, and come back as float32, which it calls 1", () => {
  expect(casts(written)).toEqual([16, 16, "Gemm", 1, "Mul"]);
});

test("a graph without bfloat16 is computed by a runtime that does not have it", async () => {
  const values = named({
    x: floats("float32", "i k", [1, 2], [1 + 2 ** -20, 2]),
    weight: floats("float32", "k j", [2, 2], [1, 0, 0, 1]),
  });
  const graph = withoutBfloat16(written);
  const y = (await computeOn({ device: "cpu", threads: 1 }, graph, values)).get("y")!;
  // What bfloat16 rounds away is still there.
  expect([...y.cells]).toEqual([3 + 3 * 2 ** -20, 6]);
});

test("its products can be rounded again, each matrix and the result", () => {
  expect(casts(withProductsInBfloat16(withoutBfloat16(written)))).toEqual([
    ...["Identity", "Identity"],
    ...[16, 16, "Gemm", 1],
    ...[1, "Mul"],
  ]);
});
