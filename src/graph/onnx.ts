import protobuf from "protobufjs/light.js";
import { cells } from "./axes.ts";
import type { DataType, Storage } from "./host-array.ts";

/** A named tensor of a graph: an input, an output, or a value of a body graph. `[]` is a scalar. */
export interface OnnxValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
}

/** A constant that travels inside the model. Weights are graph inputs instead: a model file ends at 2 GiB. */
export interface OnnxTensor extends OnnxValue {
  readonly cells: Storage<DataType>;
}

/** A constant whose cells stand in a file beside the model, which may be as large as the disk. */
export interface OnnxStoredTensor extends OnnxValue {
  readonly stored: StoredPlace;
}

/** Where the cells of a constant stand on the disk. */
export interface StoredPlace {
  /** Name of the file, in the folder of the model. */
  readonly file: string;
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
}

/** What a node is told beside its inputs; the key says which kind, as the operator's specification names it. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly tensor: OnnxTensor }
  | { readonly graph: OnnxGraph };

/** One operator applied. `""` among the inputs or outputs is an optional one left out. */
export interface OnnxNode {
  readonly operator: string;
  readonly domain: "" | "com.microsoft";
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** Nodes in an order in which each reads only what came before it. A body graph also reads its outer graph's values. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly OnnxValue[];
  /** A result of the main graph may be a name alone: the runtime works out the rest. */
  readonly outputs: readonly (OnnxValue | { readonly name: string })[];
  readonly initializers: readonly (OnnxTensor | OnnxStoredTensor)[];
}

/** Number by which ONNX files and ONNX Runtime's C API call a data type. */
export const elementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float64: 11 } as const;

/** Numbers of the fields of a model (`ModelProto`). */
export const modelFields = { irVersion: 1, producer: 2, graph: 7, operatorSets: 8, metadata: 14 } as const;

/** Version of the default operator set that graphs are written in. */
const operatorSet = 23;

/** The first intermediate representation that knows operator set 23. */
const representation = 11;

/** protobuf holds the length of a message in 31 bits. */
const largestModel = 2 ** 31 - 1;

/**
 * The bytes of an ONNX model file (`ModelProto`) that holds the graph.
 *
 * @param metadata what a reader of the file should know, by name
 * @throws RangeError if an initializer's cells do not fill its shape, or the model exceeds protobuf's 2 GiB
 * @source onnx/onnx.proto (field numbers), github.com/onnx/onnx
 */
export function encodeModel(graph: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const constants = graph.initializers.reduce((bytes, one) => bytes + ("cells" in one ? one.cells.byteLength : 0), 0);
  if (constants > largestModel)
    throw new RangeError(
      `encodeModel: initializers of "${graph.name}" must stay under 2 GiB, got ${constants} bytes; pass weights as inputs`,
    );
  return messages
    .lookupType("Model")
    .encode({
      irVersion: representation,
      producer: "armature",
      graph: graphMessage(graph),
      operatorSets: [
        { domain: "", version: operatorSet },
        ...(usesRuntimesOwn(graph) ? [{ domain: "com.microsoft", version: 1 }] : []),
      ],
      metadata: entries(metadata),
    })
    .finish();
}

/** Whether an operator of ONNX Runtime's own stands in the graph, or in a body of it. */
function usesRuntimesOwn({ nodes }: OnnxGraph): boolean {
  return nodes.some(
    ({ domain, attributes }) =>
      domain === "com.microsoft" ||
      Object.values(attributes).some((attribute) => "graph" in attribute && usesRuntimesOwn(attribute.graph)),
  );
}

/** What a node reads, in bodies within it too. */
export function namesRead({ inputs, attributes }: OnnxNode): string[] {
  const bodies = Object.values(attributes).flatMap((attribute) =>
    "graph" in attribute ? attribute.graph.nodes.flatMap(namesRead) : [],
  );
  return [...inputs, ...bodies].filter((name) => name !== "");
}

function entries(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

function graphMessage(graph: OnnxGraph): object {
  return {
    name: graph.name,
    nodes: graph.nodes.map(nodeMessage),
    initializers: graph.initializers.map((one) => ("cells" in one ? tensorMessage(one) : storedMessage(one))),
    inputs: graph.inputs.map(valueMessage),
    outputs: graph.outputs.map(valueMessage),
  };
}

function nodeMessage(node: OnnxNode): object {
  return {
    operator: node.operator,
    domain: node.domain,
    // Profiles and errors of the runtime call a node by its name.
    name: `${node.operator} ${node.outputs.find((output) => output !== "") ?? ""}`,
    inputs: node.inputs,
    outputs: node.outputs,
    attributes: Object.entries(node.attributes).map(([name, attribute]) => attributeMessage(name, attribute)),
  };
}

function attributeMessage(name: string, attribute: OnnxAttribute): object {
  if ("float" in attribute) return { name, kind: 1, float: attribute.float };
  if ("int" in attribute) return { name, kind: 2, int: attribute.int };
  if ("string" in attribute) return { name, kind: 3, string: attribute.string };
  if ("tensor" in attribute) return { name, kind: 4, tensor: tensorMessage(attribute.tensor) };
  if ("graph" in attribute) return { name, kind: 5, graph: graphMessage(attribute.graph) };
  if ("floats" in attribute) return { name, kind: 6, floats: attribute.floats };
  return { name, kind: 7, ints: attribute.ints };
}

function tensorMessage({ name, type, shape, cells: storage }: OnnxTensor): object {
  if (storage.length !== cells(shape))
    throw new RangeError(`encodeModel: "${name}" [${shape}] has ${cells(shape)} cells, got ${storage.length}`);
  // The format is little-endian, as is every platform that Node runs on with this runtime.
  const bytes = new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength);
  return { name, type: elementType[type], shape, bytes };
}

/** Where a tensor's cells stand; 1 says that it is in a file of its own. */
function storedMessage({ name, type, shape, stored: { file, offset, length } }: OnnxStoredTensor): object {
  const place = entries({ location: file, offset: String(offset), length: String(length) });
  return { name, type: elementType[type], shape, place, isElsewhere: 1 };
}

function valueMessage(value: OnnxValue | { readonly name: string }): object {
  if (!("type" in value)) return { name: value.name };
  const { name, type, shape } = value;
  const dimensions = shape.map((size) => ({ size }));
  return { name, type: { tensor: { element: elementType[type], shape: { dimensions } } } };
}

const one = (id: number, type: string) => ({ id, type });
const many = (id: number, type: string) => ({ id, type, rule: "repeated" });
// In proto2 a zero that was set is written: a dimension of size 0 would otherwise become an unknown one.
const message = (fields: Record<string, { id: number; type: string }>) => ({ edition: "proto2", fields });

const messages = protobuf.Root.fromJSON({
  nested: {
    Model: message({
      irVersion: one(modelFields.irVersion, "int64"),
      producer: one(modelFields.producer, "string"),
      graph: one(modelFields.graph, "Graph"),
      operatorSets: many(modelFields.operatorSets, "OperatorSet"),
      metadata: many(modelFields.metadata, "Entry"),
    }),
    Entry: message({ key: one(1, "string"), value: one(2, "string") }),
    OperatorSet: message({ domain: one(1, "string"), version: one(2, "int64") }),
    Graph: message({
      nodes: many(1, "Node"),
      name: one(2, "string"),
      initializers: many(5, "Tensor"),
      inputs: many(11, "Value"),
      outputs: many(12, "Value"),
    }),
    Node: message({
      inputs: many(1, "string"),
      outputs: many(2, "string"),
      name: one(3, "string"),
      operator: one(4, "string"),
      attributes: many(5, "Attribute"),
      domain: one(7, "string"),
    }),
    Attribute: message({
      name: one(1, "string"),
      float: one(2, "float"),
      int: one(3, "int64"),
      string: one(4, "string"),
      tensor: one(5, "Tensor"),
      graph: one(6, "Graph"),
      floats: many(7, "float"),
      ints: many(8, "int64"),
      kind: one(20, "int32"),
    }),
    Tensor: message({
      shape: many(1, "int64"),
      type: one(2, "int32"),
      name: one(8, "string"),
      bytes: one(9, "bytes"),
      place: many(13, "Entry"),
      isElsewhere: one(14, "int32"),
    }),
    Value: message({ name: one(1, "string"), type: one(2, "Type") }),
    Type: message({ tensor: one(1, "TensorType") }),
    TensorType: message({ element: one(1, "int32"), shape: one(2, "Shape") }),
    Shape: message({ dimensions: many(1, "Dimension") }),
    Dimension: message({ size: one(1, "int64") }),
  },
});

/** A name and its text, as metadata have them (`StringStringEntryProto`). */
export const entryMessage = messages.lookupType("Entry");
