import { cells } from "../axes.ts";
import { allocate, type DataType, HostArray, type Storage } from "../host-array.ts";
import { encodeModel, type OnnxGraph, type OnnxNode, type OnnxValue } from "../onnx.ts";
import { openSession } from "../runtime/session.ts";
import type { AnyHostArray } from "../runtime/value.ts";

/** One node of the default operator set. */
export const node = (operator: string, inputs: string[], outputs: string[], attributes: OnnxNode["attributes"] = {}) =>
  ({ operator, domain: "", inputs, outputs, attributes }) satisfies OnnxNode;

/** An array of axes i, j, k, m from plain numbers. */
export function array<D extends DataType>(type: D, shape: number[], values: readonly number[]): HostArray<string, D> {
  const storage: Storage<DataType> = allocate<DataType>(type, cells(shape));
  values.forEach((value, at) => {
    storage[at] = storage instanceof BigInt64Array ? BigInt(value) : value;
  });
  return new HostArray<string, D>(
    "i j k m".slice(0, Math.max(0, 2 * shape.length - 1)),
    shape,
    type,
    storage as Storage<D>,
  );
}

/** Opens a session on some nodes, runs it once and releases it: the cells of each output. */
export async function compute(
  nodes: OnnxNode[],
  inputs: Record<string, AnyHostArray>,
  outputs: Record<string, [DataType, number[]]>,
): Promise<Record<string, number[]>> {
  const graph: OnnxGraph = {
    name: "test",
    nodes,
    inputs: Object.entries(inputs).map(([name, { type, shape }]) => ({ name, type, shape })),
    outputs: Object.entries(outputs).map(([name, [type, shape]]): OnnxValue => ({ name, type, shape })),
    initializers: [],
  };
  const session = openSession(encodeModel(graph), { threads: 2, device: "cpu" });
  const fetches = new Map<string, AnyHostArray>(
    Object.entries(outputs).map(([name, [type, shape]]) => [name, array(type, shape, [])]),
  );
  await session.run(new Map(Object.entries(inputs)), fetches);
  session.release();
  return Object.fromEntries([...fetches].map(([name, { cells: storage }]) => [name, Array.from(storage, Number)]));
}
