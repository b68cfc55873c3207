import { describe, expect, test } from "vitest";
import { CheckedSession, type ProgramMachine } from "../graph/device-check.ts";
import { type Arrays, HostArray, zerosOfShape } from "../graph/host-array.ts";
import { GraphLowering } from "../graph/lowering.ts";
import { encodeModel, type OnnxGraph } from "../graph/onnx.ts";
import type { AnyArray } from "../graph/operation.ts";
import { checkOperators, computeOn } from "../graph/operator-check.ts";
import { openSession, type ProgramSession } from "../graph/runtime/session.ts";
import { isOpenvinoThere } from "../graph/testing/openvino.ts";
import { initialValues, type Parameter } from "../nn/parameter.ts";
import { errorOutputs, gradientOutputs, traceActions, traceObjectives } from "../objective/objective.ts";
import { Rules } from "../validity/rules.ts";
import { microSetting } from "./testing/micro-policy.ts";

const layout = {
  rows: 2,
  steps: 4,
  actionWidth: 3,
  stateWidth: 2,
  views: 0,
  observations: 1,
  tokens: 4,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};
const cpu = { device: "cpu", threads: 1 } as const;
const settingOf = (rules: Rules) => microSetting({ head: "flow", layout, rules, claw: 0 });

/** The programs of a run: what trains, what validates, and what acts. */
function programsOf(rules: Rules): Readonly<Record<"gradient" | "errors" | "actions", Record<string, AnyArray>>> {
  const objectives = traceObjectives(settingOf(rules));
  const { actions } = traceActions(settingOf(rules));
  return {
    gradient: gradientOutputs(objectives, objectives.parameters, "nothing"),
    errors: errorOutputs(objectives),
    actions: { actions },
  };
}

function graphOf(outputs: Record<string, AnyArray>): OnnxGraph {
  return new GraphLowering(new Map(), "runtime").graph(new Map(Object.entries(outputs)));
}

/** Numbers between −1 and 1 in every array of floats, zeros as tokens, and of what may exist every other cell. */
function feedsOf({ inputs }: Pick<ProgramSession, "inputs">): Arrays {
  return new Map(
    inputs.map((value) => {
      const array = zerosOfShape(value);
      for (let at = 0; at < array.cells.length; at++) {
        if (array.type === "float32") array.cells[at] = Math.sin(1 + at);
        if (array.type === "bool") array.cells[at] = at % 2;
      }
      return [value.name, array] as const;
    }),
  );
}

/** The same with weights as training begins with: of some as large as 1 attention takes one key alone, and rounding decides which. */
function feedsAtFirst(session: ProgramSession, parameters: readonly Parameter[]): Arrays {
  return new Map([...feedsOf(session), ...initialValues(parameters, 0)]);
}

function fetchesOf({ outputs }: ProgramSession): Arrays {
  return new Map(outputs.map((value) => [value.name, zerosOfShape(value)]));
}

/** A device that computes graphs as they are after a change. */
function deviceWith(change: (graph: OnnxGraph) => OnnxGraph, graph: OnnxGraph) {
  const opened = { count: 0 };
  const session = new CheckedSession(openSession(encodeModel(change(graph)), cpu), {
    machine: { device: "webgpu" },
    reference: async () => {
      opened.count++;
      return openSession(encodeModel(graph), cpu);
    },
    operators: async (feeds, above) => {
      const compute = (one: OnnxGraph, values: Arrays) => computeOn(cpu, change(one), values);
      const alone = { threads: 1, above, alike: "shapes", tried: new Set<string>(), compute } as const;
      return (await checkOperators(graph, feeds, alone)).differing;
    },
    unsteady: async () => [],
  });
  return { session, opened };
}

/** A fault as runtimes have had it: an operator that computes what another one does. */
const withWrongSoftmax = ({ nodes, ...graph }: OnnxGraph): OnnxGraph => ({
  ...graph,
  nodes: nodes.map((node) => (node.operator === "Softmax" ? { ...node, operator: "LogSoftmax" } : node)),
});

describe.each(["gradient", "errors", "actions"] as const)("a program of %s", (kind) => {
  const graph = graphOf(programsOf(Rules.all)[kind]);

  test("of a device that computes as the CPU does is compared once, and gives its results", async () => {
    const { session, opened } = deviceWith((same) => same, graph);
    const [feeds, fetches] = [feedsOf(session), fetchesOf(session)];
    await Promise.all([session.run(feeds, fetches), session.run(feeds, fetchesOf(session))]);
    await session.run(feeds, fetchesOf(session));
    expect(opened.count).toBe(1);
    expect(fetches).toEqual(await computeOn(cpu, graph, feeds));
    session.release();
  });

  test("of a device with a wrong operator is refused by that operator at its first run, and at every later one", async () => {
    const { session } = deviceWith(withWrongSoftmax, graph);
    const feeds = feedsOf(session);
    const asked = [session.run(feeds, fetchesOf(session)), session.run(feeds, fetchesOf(session))];
    const refusal =
      /^--device webgpu: expected what the CPU computes in float32, within 0\.001 of its largest cell, got \d+ of \d+ outputs of a program that differ \(.* by .*\); its Softmax of \[.*\] is wrong by .*: take --device cpu$/;
    for (const each of asked) await expect(each).rejects.toThrow(refusal);
    await expect(session.run(feeds, fetchesOf(session))).rejects.toThrow(refusal);
    session.release();
  });
});

test("a program whose whole is wrong though each operator alone is right is refused as that", async () => {
  const [right, wrong] = [Rules.all, Rules.without("input-side")].map((rules) => graphOf(programsOf(rules).gradient));
  const { session } = deviceWith((one) => (one === right ? wrong! : one), right!);
  await expect(session.run(feedsOf(session), fetchesOf(session))).rejects.toThrow(
    /; each operator alone is computed as on the CPU: take --device cpu$/,
  );
  session.release();
});

test("a device whose last bit differs from time to time is refused, by the output and the operator", async () => {
  const graph = graphOf(programsOf(Rules.all).gradient);
  const [first] = graph.outputs;
  const open = () => openSession(encodeModel(graph), cpu);
  let runs = 0;
  const inner = open();
  const wavering: ProgramSession = {
    inputs: inner.inputs,
    outputs: inner.outputs,
    release: () => inner.release(),
    endProfile: () => inner.endProfile(),
    async run(feeds, fetches) {
      await inner.run(feeds, fetches);
      const array = fetches.get(first!.name);
      // The lowest bit of one cell.
      if (array instanceof HostArray) new Uint32Array(array.cells.buffer, array.cells.byteOffset, 1)[0]! ^= runs++ % 2;
    },
  };
  const [node] = graph.nodes;
  const unsteady = async () => [
    { operator: "Sum", node: node!, inputs: graph.inputs.slice(0, 1), difference: Number.POSITIVE_INFINITY },
  ];
  const check = { machine: { device: "webgpu" }, reference: async () => open(), operators: null, unsteady } as const;
  const session = new CheckedSession(wavering, check);
  await expect(session.run(feedsOf(session), fetchesOf(session))).rejects.toThrow(
    /^--device webgpu: expected the same bits from the same inputs, got 1 of \d+ outputs of a program that differ from time to time \(.*\); not steady: Sum of \[.*\]; take --device cpu$/,
  );
  session.release();
});

test("feeds that do not fit are no sign of a wrong device", async () => {
  const { session } = deviceWith((same) => same, graphOf(programsOf(Rules.all).errors));
  await expect(session.run(new Map(), fetchesOf(session))).rejects.toThrow(RangeError);
  await session.run(feedsOf(session), fetchesOf(session));
  session.release();
});

describe.skipIf(!isOpenvinoThere())("products in bf16", () => {
  const machine: ProgramMachine = { device: "cpu", precision: "bf16" };
  const right = programsOf(Rules.all).gradient;
  const { parameters } = traceObjectives(settingOf(Rules.all));

  async function inBfloat16(outputs: Record<string, AnyArray>): Promise<CheckedSession> {
    const { openOpenvinoSession } = await import("../graph/runtime/openvino/session.ts");
    const graph = new GraphLowering(new Map(), "bfloat16").graph(new Map(Object.entries(outputs)));
    return new CheckedSession(openOpenvinoSession(graph, { threads: 1, lanes: 1, standing: new Map() }), {
      machine,
      reference: async () => openSession(encodeModel(graphOf(right)), cpu),
      operators: async () => [],
      unsteady: async () => [],
    });
  }

  test("are believed as far as they round", async () => {
    const session = await inBfloat16(right);
    await session.run(feedsAtFirst(session, parameters), fetchesOf(session));
    session.release();
  });

  test("are refused where the gradient is another, with the outputs that differ", async () => {
    const session = await inBfloat16(programsOf(Rules.without("input-side")).gradient);
    await expect(session.run(feedsAtFirst(session, parameters), fetchesOf(session))).rejects.toThrow(
      /^bf16: expected what the CPU computes in float32, within 0\.25 of its length, got \d+ of \d+ outputs of a program that differ \(.*\); each operator alone is computed as on the CPU: take float32$/,
    );
    session.release();
  });
});
