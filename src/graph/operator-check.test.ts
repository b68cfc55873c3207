import { expect, test } from "vitest";
import { input } from "./array.ts";
import { type Arrays, HostArray, zerosOfShape } from "./host-array.ts";
import { GraphLowering } from "./lowering.ts";
import type { OnnxGraph } from "./onnx.ts";
import { exp, multiply, scale } from "./op/elementwise.ts";
import { checkOperators, computeOn } from "./operator-check.ts";
import { node } from "./testing/compute.ts";

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
  const tried = new Set<string>();
  const { differing, results } = await checkOperators(graph, feeds, {
    threads: 1,
    alike: "shapes",
    tried,
    above: 1e-3,
    compute: (one, values) => computeOn(machine, planted(one), values),
  });
  // 2x · x of 0, 1, 2, −1 is 0, 2, 8, 2; 2x + x is 0, 3, 6, −3: apart by 5 of 8.
  expect(differing.map(({ operator, difference }) => [operator, difference])).toEqual([["Mul", 0.625]]);
  // What the CPU gives is not touched by that: e to the power of 0, 2, 8 and 2.
  const y = Array.from(results.get("y")!.cells, Number);
  for (const [at, exponent] of [0, 2, 8, 2].entries()) expect(y[at]).toBeCloseTo(Math.exp(exponent), 2);
  expect(tried.size).toBe(graph.nodes.length);
});

test("on the CPU itself no operator differs", async () => {
  const compute = (one: OnnxGraph, values: Arrays) => computeOn(machine, one, values);
  const check = { threads: 1, above: 0, compute, alike: "shapes", tried: new Set<string>() } as const;
  expect((await checkOperators(graph, feeds, check)).differing).toEqual([]);
});

test("by patterns an operator is tried once for shapes that stretch alike, and again for others, over all graphs", async () => {
  const tried = new Set<string>();
  const triedAfter = async (...shapes: readonly (readonly number[])[]) => {
    const inputs = shapes.map((shape, at) => ({ name: `x${at}`, type: "float32", shape }) as const);
    const names = inputs.map(({ name }) => name);
    const sum = { name: "sum", nodes: [node("Add", names, ["y"])], inputs, outputs: [{ name: "y" }], initializers: [] };
    const given = new Map(inputs.map((value) => [value.name, zerosOfShape(value)]));
    const compute = (graph: OnnxGraph, values: Arrays) => computeOn(machine, graph, values);
    await checkOperators(sum, given, { threads: 1, above: 0, compute, alike: "patterns", tried });
    return tried.size;
  };
  expect(await triedAfter([2, 3], [2, 3])).toBe(1);
  expect(await triedAfter([4, 5], [4, 5])).toBe(1);
  expect(await triedAfter([2, 3], [2, 1])).toBe(2);
  expect(await triedAfter([6, 7], [6, 1])).toBe(2);
  expect(await triedAfter([2, 3], [1, 3])).toBe(3);
});

/** Whether a product is of two arrays, and not of one and a constant. */
const isSquare = (inputs: readonly string[]) =>
  inputs.includes("x") && !inputs.some((name) => name.startsWith("constant"));
