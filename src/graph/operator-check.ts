import { differenceIn } from "./difference.ts";
import { type Arrays, type DataType, type HostArray, zerosOfShape } from "./host-array.ts";
import { encodeModel, namesRead, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx.ts";
import { openSession, type SessionOptions } from "./runtime/session.ts";

type AnyHostArray = HostArray<string, DataType>;

/** An operator that a device computes otherwise than the CPU from the same inputs. */
export interface OperatorDifference {
  /** As ONNX names it: "ReduceSum". */
  readonly operator: string;
  readonly node: OnnxNode;
  readonly inputs: readonly OnnxValue[];
  /** Largest difference in a cell of a result, as a share of the largest cell; infinite where one is no number. */
  readonly difference: number;
}

export interface OperatorCheck {
  readonly threads: number;
  /** Share of a result's largest cell that a difference has to exceed. */
  readonly above: number;
  /** Computes the results of a graph on the device that is checked, by name. */
  readonly compute: (graph: OnnxGraph, values: Arrays) => Promise<Arrays>;
}

/**
 * Runs a graph on the CPU operator by operator, each also on a device, from the CPU's own inputs: so the first that differs is
 * the one that is wrong, and not one that was given wrong inputs. Operators are run as they are written, before the runtime fuses them.
 *
 * @param graph nodes in an order in which each reads only what came before it
 * @param feeds every input of the graph
 * @returns in the order of the graph; one for each kind of operator with its shapes
 */
export async function differingOperators(
  graph: OnnxGraph,
  feeds: Arrays,
  check: OperatorCheck,
): Promise<OperatorDifference[]> {
  const values = new Map<string, AnyHostArray>(feeds);
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const lastReader = lastReaders(graph.nodes);
  const { threads, above, compute } = check;
  const found: OperatorDifference[] = [];
  const tried = new Set<string>();
  for (const [at, node] of graph.nodes.entries()) {
    const model = nodeModel(node, values, constants);
    const right = await computeOn({ device: "cpu", threads }, model, values);
    const key = JSON.stringify([node.operator, node.attributes, model.inputs.map(({ type, shape }) => [type, shape])]);
    if (!tried.has(key)) {
      tried.add(key);
      const other = await compute(model, values);
      const difference = Math.max(0, ...[...right].map(([name, array]) => differenceIn(array, other.get(name)!, 0)));
      if (difference > above) found.push({ operator: node.operator, node, inputs: model.inputs, difference });
    }
    for (const [name, array] of right) values.set(name, array);
    for (const name of node.inputs) if (lastReader.get(name) === at && !feeds.has(name)) values.delete(name);
  }
  return found;
}

/** A model of one node. Constants stay constants: kernels are chosen by them, and shapes follow from them. */
function nodeModel(
  node: OnnxNode,
  values: ReadonlyMap<string, AnyHostArray>,
  constants: ReadonlyMap<string, OnnxGraph["initializers"][number]>,
): OnnxGraph & { inputs: readonly OnnxValue[] } {
  const read = [...new Set(namesRead(node))];
  const inputs = read.flatMap((name) => {
    const array = values.get(name);
    return array === undefined ? [] : [{ name, type: array.type, shape: array.shape }];
  });
  const initializers = read.flatMap((name) => constants.get(name) ?? []);
  const outputs = node.outputs.filter((name) => name !== "").map((name) => ({ name }));
  return { name: "one operator", nodes: [node], inputs, outputs, initializers };
}

function lastReaders(nodes: readonly OnnxNode[]): Map<string, number> {
  return new Map(nodes.flatMap((node, at) => namesRead(node).map((name): [string, number] => [name, at])));
}

/** Results of a graph by name, by a session of its own. */
export async function computeOn(machine: SessionOptions, graph: OnnxGraph, values: Arrays): Promise<Arrays> {
  const session = openSession(encodeModel(graph), machine);
  try {
    const feeds = new Map(session.inputs.map(({ name }) => [name, values.get(name)!]));
    const fetches = new Map(session.outputs.map((value) => [value.name, zerosOfShape(value)]));
    await session.run(feeds, fetches);
    return fetches;
  } finally {
    session.release();
  }
}
