import { expect, test } from "vitest";
import { zeros } from "../host-array.ts";
import { encodeModel, type OnnxGraph, type OnnxNode } from "../onnx.ts";
import { array, compute, node } from "../testing/compute.ts";
import { openSession } from "./session.ts";

test("Gemm with both factors transposed adds its third input to every row", async () => {
  const { y } = await compute(
    [node("Gemm", ["a", "b", "c"], ["y"], { transA: { int: 1 }, transB: { int: 1 }, alpha: { float: 2 } })],
    {
      a: array("float32", [2, 2], [1, 3, 2, 4]), // [[1, 2], [3, 4]] transposed
      b: array("float32", [3, 2], [1, 0, 0, 1, 1, 1]), // [[1, 0, 1], [0, 1, 1]] transposed
      c: array("float32", [3], [100, 200, 300]),
    },
    { y: ["float32", [2, 3]] },
  );
  expect(y).toEqual([102, 204, 306, 106, 208, 314]);
});

test("FusedMatMul of the second operator set multiplies by a transpose and a factor", async () => {
  const fused: OnnxNode = {
    operator: "FusedMatMul",
    domain: "com.microsoft",
    inputs: ["a", "b"],
    outputs: ["y"],
    attributes: { transB: { int: 1 }, alpha: { float: 0.5 } },
  };
  const { y } = await compute(
    [fused],
    { a: array("float32", [1, 1, 2], [2, 4]), b: array("float32", [1, 2, 2], [1, 1, -1, 3]) },
    { y: ["float32", [1, 1, 2]] },
  );
  expect(y).toEqual([3, 5]);
});

test("Where takes booleans as bytes 0 and 1, and Less gives them back so", async () => {
  const { y, less } = await compute(
    [node("Where", ["choice", "a", "b"], ["y"]), node("Less", ["a", "b"], ["less"])],
    {
      choice: array("bool", [3], [1, 0, 1]),
      a: array("float32", [3], [1, 2, 3]),
      b: array("float32", [], [2.5]),
    },
    { y: ["float32", [3]], less: ["bool", [3]] },
  );
  expect({ y, less }).toEqual({ y: [1, 2.5, 3], less: [1, 1, 0] });
});

test("a Loop runs its body graph, reads a value from outside it, and stacks what each turn gives", async () => {
  const body: OnnxGraph = {
    name: "body",
    nodes: [
      node("Identity", ["goOn"], ["goOnAgain"]),
      node("Mul", ["x", "factor"], ["next"]),
      node("Identity", ["next"], ["seen"]),
    ],
    inputs: [
      { name: "turn", type: "int64", shape: [] },
      { name: "goOn", type: "bool", shape: [] },
      { name: "x", type: "float32", shape: [2] },
    ],
    outputs: [
      { name: "goOnAgain", type: "bool", shape: [] },
      { name: "next", type: "float32", shape: [2] },
      { name: "seen", type: "float32", shape: [2] },
    ],
    initializers: [],
  };
  const { last, all } = await compute(
    [node("Loop", ["turns", "always", "start"], ["last", "all"], { body: { graph: body } })],
    {
      turns: array("int64", [], [3]),
      always: array("bool", [], [1]),
      start: array("float32", [2], [1, 2]),
      factor: array("float32", [], [10]),
    },
    { last: ["float32", [2]], all: ["float32", [3, 2]] },
  );
  expect({ last, all }).toEqual({ last: [1000, 2000], all: [10, 20, 100, 200, 1000, 2000] });
});

test("LayerNormalization gives its mean and inverse deviation beside the result", async () => {
  const { y, mean, inverse } = await compute(
    [node("LayerNormalization", ["x", "scale", "bias"], ["y", "mean", "inverse"], { epsilon: { float: 0 } })],
    {
      x: array("float32", [1, 4], [1, 1, 5, 5]), // mean 3, deviation 2
      scale: array("float32", [4], [1, 2, 1, 2]),
      bias: array("float32", [4], [0, 0, 0, 10]),
    },
    { y: ["float32", [1, 4]], mean: ["float32", [1, 1]], inverse: ["float32", [1, 1]] },
  );
  expect(mean).toEqual([3]);
  // 1e-6: the runtime adds a rounded variance to epsilon before the root.
  [-1, -2, 1, 12, 0.5].forEach((expected, at) => {
    expect([...(y ?? []), ...(inverse ?? [])][at]).toBeCloseTo(expected, 6);
  });
});

test("an input or output left out and a tensor attribute are written so that the runtime reads them", async () => {
  const two = { name: "", type: "float32", shape: [], cells: Float32Array.of(2) } as const;
  const { y, inverse } = await compute(
    [
      node("Constant", [], ["most"], { value: { tensor: two } }),
      node("Clip", ["x", "", "most"], ["y"]),
      node("LayerNormalization", ["x", "scale"], ["normal", "", "inverse"]),
    ],
    { x: array("float32", [1, 2], [-7, 3]), scale: array("float32", [2], [1, 1]) },
    { y: ["float32", [1, 2]], inverse: ["float32", [1, 1]] },
  );
  expect(y).toEqual([-7, 2]);
  expect(inverse?.[0]).toBeCloseTo(1 / 5, 6);
});

test("lists of integers, of floats and a text reach their operators", async () => {
  const { y, z } = await compute(
    [
      node("Transpose", ["x"], ["y"], { perm: { ints: [1, 0] } }),
      node("Constant", [], ["halves"], { value_floats: { floats: [0.5, -0.5] } }),
      node("Constant", [], ["at"], { value_ints: { ints: [0, 0] } }),
      node("Unsqueeze", ["at", "one"], ["places"]),
      node("ScatterND", ["zero", "places", "halves"], ["z"], { reduction: { string: "max" } }),
      node("Constant", [], ["one"], { value_ints: { ints: [1] } }),
    ].sort((a, b) => Number(b.operator === "Constant") - Number(a.operator === "Constant")),
    { x: array("float32", [2, 2], [1, 2, 3, 4]), zero: array("float32", [1], [-1]) },
    { y: ["float32", [2, 2]], z: ["float32", [1]] },
  );
  expect({ y, z }).toEqual({ y: [1, 3, 2, 4], z: [0.5] });
});

test("Gather moves int64 cells beyond 2^53 whole", async () => {
  const graph: OnnxGraph = {
    name: "gather",
    nodes: [node("Gather", ["table", "at"], ["y"])],
    inputs: [{ name: "at", type: "int32", shape: [2] }],
    outputs: [{ name: "y", type: "int64", shape: [2] }],
    initializers: [{ name: "table", type: "int64", shape: [2], cells: BigInt64Array.of(2n ** 60n + 1n, -5n) }],
  };
  const session = openSession(encodeModel(graph), { threads: 1, device: "cpu" });
  const y = zeros("i", [2], "int64");
  await session.run(new Map([["at", array("int32", [2], [1, 0])]]), new Map([["y", y]]));
  session.release();
  expect([...y.cells]).toEqual([-5n, 2n ** 60n + 1n]);
});

test("MatMul in float64 keeps what float32 would lose", async () => {
  const { y } = await compute(
    [node("MatMul", ["a", "b"], ["y"])],
    { a: array("float64", [1, 2], [1, 2 ** -40]), b: array("float64", [2, 1], [1, 1]) },
    { y: ["float64", [1, 1]] },
  );
  expect(y).toEqual([1 + 2 ** -40]);
});

test("x · sigmoid(x) loads in float64, for which the runtime's own fusion has no kernel", async () => {
  const { y } = await compute(
    [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])],
    { x: array("float64", [2], [0, -2]) },
    { y: ["float64", [2]] },
  );
  expect(y?.[0]).toBe(0);
  expect(y?.[1]).toBeCloseTo(-2 / (1 + Math.exp(2)), 14);
});

test("a root-mean-square norm of single operators keeps its epsilon in float64, which the runtime's own fusion loses", async () => {
  const constant = (name: string, shape: number[], values: number[]) => {
    const tensor = { name, type: "float64", shape, cells: Float64Array.from(values) } as const;
    return node("Constant", [], [name], { value: { tensor } });
  };
  const { y } = await compute(
    [
      node("Constant", [], ["last"], { value_ints: { ints: [-1] } }),
      constant("two", [], [2]),
      constant("epsilon", [], [3]),
      constant("scale", [2], [1, 10]),
      node("Pow", ["x", "two"], ["square"]),
      node("ReduceMean", ["square", "last"], ["mean"]),
      node("Add", ["mean", "epsilon"], ["above"]),
      node("Sqrt", ["above"], ["root"]),
      node("Div", ["x", "root"], ["normal"]),
      node("Mul", ["normal", "scale"], ["y"]),
    ],
    { x: array("float64", [1, 2], [1, 1]) },
    { y: ["float64", [1, 2]] },
  );
  expect(y).toEqual([0.5, 5]);
});

test("an array without cells goes in and out", async () => {
  const { y, sum } = await compute(
    [node("Add", ["x", "x"], ["y"]), node("ReduceSum", ["x"], ["sum"], { keepdims: { int: 0 } })],
    { x: array("float32", [0, 3], []) },
    { y: ["float32", [0, 3]], sum: ["float32", []] },
  );
  expect({ y, sum }).toEqual({ y: [], sum: [0] });
});
