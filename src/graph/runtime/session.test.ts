import { expect, test } from "vitest";
import { encodeModel, type OnnxGraph } from "../onnx.ts";
import { array, compute, node } from "../testing/compute.ts";
import { openSession } from "./session.ts";
import type { AnyHostArray } from "./value.ts";

test("a session tells the names, types and shapes of its graph in order", () => {
  const graph: OnnxGraph = {
    name: "signature",
    nodes: [node("Cast", ["b"], ["y"], { to: { int: 11 } }), node("Identity", ["a"], ["z"])],
    inputs: [
      { name: "a", type: "int64", shape: [] },
      { name: "b", type: "uint8", shape: [2, 3] },
    ],
    outputs: [
      { name: "z", type: "int64", shape: [] },
      { name: "y", type: "float64", shape: [2, 3] },
    ],
    initializers: [],
  };
  const session = openSession(encodeModel(graph), { threads: 1, device: "cpu" });
  expect({ inputs: session.inputs, outputs: session.outputs }).toEqual({
    inputs: graph.inputs,
    outputs: graph.outputs,
  });
  session.release();
});

test("the same program on the same numbers gives the same bits in every run and session", async () => {
  const values = Array.from({ length: 192 * 192 }, (_, at) => Math.sin(at * 1.7) * 3);
  const results = await Promise.all(
    Array.from({ length: 4 }, () =>
      compute(
        [node("Gemm", ["a", "a"], ["h"]), node("Softmax", ["h"], ["s"]), node("MatMul", ["s", "a"], ["y"])],
        { a: array("float32", [192, 192], values) },
        { y: ["float32", [192, 192]] },
      ),
    ),
  );
  for (const { y } of results) expect(y).toEqual(results[0]?.y);
});

test("the runtime's refusal names the function and the operator", () => {
  const graph: OnnxGraph = {
    name: "wrong",
    nodes: [node("Gemmm", ["x"], ["y"])],
    inputs: [{ name: "x", type: "float32", shape: [1] }],
    outputs: [{ name: "y", type: "float32", shape: [1] }],
    initializers: [],
  };
  const open = () => openSession(encodeModel(graph), { threads: 1, device: "cpu" });
  expect(open).toThrow(/CreateSessionFromArray: .*Gemmm/);
  expect(() => openSession(encodeModel(graph), { threads: 0, device: "cpu" })).toThrow(
    "openSession: threads must be a natural number, got 0",
  );
});

test("a run that fails inside an operator rejects and leaves the session usable", async () => {
  const graph: OnnxGraph = {
    name: "gather",
    nodes: [node("Gather", ["table", "at"], ["y"])],
    inputs: [
      { name: "table", type: "float32", shape: [2] },
      { name: "at", type: "int64", shape: [1] },
    ],
    outputs: [{ name: "y", type: "float32", shape: [1] }],
    initializers: [],
  };
  const session = openSession(encodeModel(graph), { threads: 1, device: "cpu" });
  const table = array("float32", [2], [10, 20]);
  const y = array("float32", [1], []);
  const run = (at: number) =>
    session.run(
      new Map<string, AnyHostArray>([
        ["table", table],
        ["at", array("int64", [1], [at])],
      ]),
      new Map([["y", y]]),
    );
  await expect(run(7)).rejects.toThrow(/Run: .*Gather/);
  await run(1);
  expect([...y.cells]).toEqual([20]);
  session.release();
});
