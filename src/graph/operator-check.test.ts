import { expect, test } from "vitest";
import { input } from "./array.ts";
import { type Arrays, HostArray } from "./host-array.ts";
import { GraphLowering } from "./lowering.ts";
import type { OnnxGraph } from "./onnx.ts";
import { exp, multiply, scale } from "./op/elementwise.ts";
import { computeOn, differingOperators } from "./operator-check.ts";

const x = input("x", "i j", [2, 2], "float32");
const graph = new GraphLowering(new Map()).graph(new Map([["y", exp(multiply(scale(x, 2), x))]]));
const feeds: Arrays = new Map([["x", new HostArray("i j", [2, 2], "float32", Float32Array.from([0, 1, 2, -1]))]]);
const machine = { device: "cpu", threads: 1 } as const;

test("the operator that a device computes otherwise is named, and none that only got wrong inputs from it", async () => {
  const planted = (one: OnnxGraph): OnnxGraph => ({
    ...one,
    nodes: one.nodes.map((node) =>
      node.operator === "Mul" && isSquare(node.inputs) ? { ...node, operator: "Add" } : node,
    ),
  });
  const found = await differingOperators(graph, feeds, {
    threads: 1,
    above: 1e-3,
    compute: (one, values) => computeOn(machine, planted(one), values),
  });
  // 2x · x of 0, 1, 2, −1 is 0, 2, 8, 2; 2x + x is 0, 3, 6, −3: apart by 5 of 8.
  expect(found.map(({ operator, difference }) => [operator, difference])).toEqual([["Mul", 0.625]]);
});

test("on the CPU itself no operator differs", async () => {
  const compute = (one: OnnxGraph, values: Arrays) => computeOn(machine, one, values);
  expect(await differingOperators(graph, feeds, { threads: 1, above: 0, compute })).toEqual([]);
});

/** Whether a product is of two arrays, and not of one and a constant. */
const isSquare = (inputs: readonly string[]) =>
  inputs.includes("x") && !inputs.some((name) => name.startsWith("constant"));
