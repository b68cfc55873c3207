import { differenceIn } from "./difference.ts";
import { type Arrays, type DataType, type HostArray, zerosOfShape } from "./host-array.ts";
import { encodeModel, namesRead, type OnnxGraph, type OnnxNode, type OnnxValue } from "./onnx.ts";
import { openSession, type ProgramSession, type SessionOptions } from "./runtime/session.ts";

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

/** What running a graph operator by operator finds. */
export interface OperatorReport {
  /** In the order of the graph; one for each kind of operator with its shapes. */
  readonly differing: readonly OperatorDifference[];
  /** The graph's results, by name, as its operators give them on the CPU one after another. */
  readonly results: Arrays;
}

/** When two operators are so much alike that one of them is tried: with the same shapes, or with shapes of one pattern. */
export type Likeness = "shapes" | "patterns";

export interface OperatorCheck {
  readonly threads: number;
  readonly alike: Likeness;
  /** Kinds that are tried already, of other graphs too; those of this one are added. */
  readonly tried: Set<string>;
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
 */
export async function checkOperators(graph: OnnxGraph, feeds: Arrays, check: OperatorCheck): Promise<OperatorReport> {
  const values = new Map<string, AnyHostArray>(feeds);
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const lastReader = lastReaders(graph.nodes);
  const asked = new Set(graph.outputs.map(({ name }) => name));
  const { threads, above, compute, alike, tried } = check;
  const found: OperatorDifference[] = [];
  for (const [at, node] of graph.nodes.entries()) {
    const model = nodeModel(node, values, constants);
    const right = await computeOn({ device: "cpu", threads }, model, values);
    const kind = kindOf(node, model.inputs, alike);
    if (!tried.has(kind)) {
      tried.add(kind);
      const other = await compute(model, values);
      const difference = Math.max(0, ...[...right].map(([name, array]) => differenceIn(array, other.get(name)!, 0)));
      if (difference > above) found.push({ operator: node.operator, node, inputs: model.inputs, difference });
    }
    for (const [name, array] of right) values.set(name, array);
    for (const name of node.inputs)
      if (lastReader.get(name) === at && !feeds.has(name) && !asked.has(name)) values.delete(name);
  }
  const results = new Map([...asked].map((name) => [name, values.get(name)!]));
  return { differing: found, results };
}

function kindOf({ operator, attributes }: OnnxNode, inputs: readonly OnnxValue[], alike: Likeness): string {
  const shapes = inputs.map(({ shape }) => shape);
  const form = alike === "shapes" ? shapes : patternOf(shapes);
  return JSON.stringify([operator, attributes, inputs.map(({ type }) => type), form]);
}

/** Sizes as the order in which they first occur, but for 1, which is stretched to others: [4, 1, 7] with [7] is [0, "one", 1] with [1]. */
function patternOf(shapes: readonly (readonly number[])[]): readonly (readonly (number | "one")[])[] {
  const sizes = [...new Set(shapes.flat())];
  return shapes.map((shape) => shape.map((size) => (size === 1 ? "one" : sizes.indexOf(size))));
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
  const outputs = node.outputs.flatMap((name, at) => (name === "" ? [] : [{ name, ...carriedForm(node, at, values) }]));
  return { name: "one operator", nodes: [node], inputs, outputs, initializers };
}

/** A loop keeps the form of what it carries, which the runtime does not infer; other operators' forms follow from their inputs. */
function carriedForm({ operator, inputs }: OnnxNode, at: number, values: ReadonlyMap<string, AnyHostArray>) {
  const start = operator === "Loop" ? values.get(inputs[2 + at] ?? "") : undefined;
  return start === undefined ? {} : { type: start.type, shape: start.shape };
}

function lastReaders(nodes: readonly OnnxNode[]): Map<string, number> {
  return new Map(nodes.flatMap((node, at) => namesRead(node).map((name): [string, number] => [name, at])));
}

/** Results of a graph by name, by a session of its own. */
export async function computeOn(machine: SessionOptions, graph: OnnxGraph, values: Arrays): Promise<Arrays> {
  return await computeBy(openSession(encodeModel(graph), machine), values);
}

/** Results of a session by name, which is released. */
export async function computeBy(session: ProgramSession, values: Arrays): Promise<Arrays> {
  try {
    return await resultsOf(session, values);
  } finally {
    session.release();
  }
}

/** Results of a session by name. */
export async function resultsOf(session: ProgramSession, values: Arrays): Promise<Arrays> {
  const feeds = new Map(session.inputs.map(({ name }) => [name, values.get(name)!]));
  const fetches = new Map(session.outputs.map((value) => [value.name, zerosOfShape(value)]));
  await session.run(feeds, fetches);
  return fetches;
}
