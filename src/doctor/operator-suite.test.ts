import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { GraphLowering } from "../graph/lowering.ts";
import { encodeModel, type OnnxGraph } from "../graph/onnx.ts";
import { openSession, type ProgramSession } from "../graph/runtime/session.ts";
import { type VariantName, variantNames } from "../policy/variant.ts";
import { operatorSuite, programsOf, suitePolicies } from "./operator-suite.ts";

/** Kinds of operators of a policy's programs, also of those within loops. */
function operatorsIn(policies: readonly VariantName[]): Set<string> {
  const found = new Set<string>();
  const collect = ({ nodes }: OnnxGraph) => {
    for (const { operator, attributes } of nodes) {
      found.add(operator);
      for (const attribute of Object.values(attributes)) if ("graph" in attribute) collect(attribute.graph);
    }
  };
  for (const policy of policies)
    for (const [, outputs] of programsOf(policy))
      collect(new GraphLowering(new Map(), "webgpu").graph(new Map(Object.entries(outputs))));
  return found;
}

/** The CPU, but for what is done to a graph before. */
function cpuWith(change: (graph: OnnxGraph) => OnnxGraph) {
  const open = (graph: OnnxGraph) => openSession(encodeModel(change(graph)), { device: "cpu", threads: 2 });
  return { operators: "runtime", open } as const;
}

/** A fault as runtimes have had it: an operator that computes what another one does. */
const withWrongSoftmax = ({ nodes, ...graph }: OnnxGraph): OnnxGraph => ({
  ...graph,
  nodes: nodes.map((node) => (node.operator === "Softmax" ? { ...node, operator: "LogSoftmax" } : node)),
});

test("the policies of the suite have every operator that any policy has", () => {
  const missing = operatorsIn(variantNames).difference(operatorsIn(suitePolicies));
  expect([...missing]).toEqual([]);
});

test("the CPU computes a policy's programs as their operators do one after another", async () => {
  const { findings, operators } = await operatorSuite(
    cpuWith((graph) => graph),
    ["pi0"],
    () => {},
  );
  expect(findings).toEqual([]);
  expect(operators).toBeGreaterThan(100);
});

test("a device that gives other bits from time to time is found by its program", async () => {
  const flickering = (graph: OnnxGraph): ProgramSession => {
    const session = openSession(encodeModel(graph), { device: "cpu", threads: 1 });
    let runs = 0;
    const run: ProgramSession["run"] = async (feeds, fetches) => {
      await session.run(feeds, fetches);
      const [first] = fetches.values();
      // The least that can differ: a bit of one cell, in every other run of a whole program.
      if (graph.nodes.length > 1 && first instanceof HostArray) new Uint8Array(first.cells.buffer)[0]! ^= runs++ % 2;
    };
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      run,
      release: () => session.release(),
      endProfile: () => "",
    };
  };
  const { findings } = await operatorSuite({ operators: "runtime", open: flickering }, ["pi0"], () => {});
  expect(findings.map(({ program, operator, difference }) => [program, operator, difference])).toEqual([
    ["gradient", null, Number.POSITIVE_INFINITY],
    ["actions", null, Number.POSITIVE_INFINITY],
  ]);
});

test("a device with a wrong operator is found by that operator, and one that is wrong only with all together by its program", async () => {
  const wrong = await operatorSuite(cpuWith(withWrongSoftmax), ["pi0"], () => {});
  expect(new Set(wrong.findings.map(({ operator }) => operator?.split(" ")[0]))).toEqual(new Set(["Softmax"]));
  const together = cpuWith((graph) => (graph.nodes.length > 1 ? withWrongSoftmax(graph) : graph));
  const { findings } = await operatorSuite(together, ["pi0"], () => {});
  expect(findings.map(({ program, operator }) => [program, operator])).toEqual([
    ["gradient", null],
    ["actions", null],
  ]);
});
