import type { DataType } from "./host-array.ts";
import { elementType, type OnnxAttribute, type OnnxGraph, type OnnxNode } from "./onnx.ts";

/** Type and shape of an array of a graph. */
export interface OnnxForm {
  readonly type: DataType;
  readonly shape: readonly number[];
}

/**
 * Type and shape of every array of a graph, by name, from those of its inputs and constants.
 *
 * @throws RangeError for an operator without a rule: the tests have those of every policy's gradients and errors
 * @source onnx/docs/Operators.md; FusedMatMul: onnxruntime/docs/ContribOperators.md
 */
export function formsIn(graph: OnnxGraph): ReadonlyMap<string, OnnxForm> {
  const forms = new Map<string, OnnxForm>();
  const integers = new Map<string, readonly number[]>();
  for (const one of [...graph.inputs, ...graph.initializers]) forms.set(one.name, one);
  for (const one of graph.initializers)
    if ("cells" in one && one.cells instanceof BigInt64Array) integers.set(one.name, Array.from(one.cells, Number));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => forms.get(name) ?? nothing);
    const made = formsOf(node, inputs, (at) => integers.get(node.inputs[at] ?? "") ?? null);
    for (const [at, name] of node.outputs.entries()) forms.set(name, made[at] ?? made[0]!);
  }
  return forms;
}

const nothing: OnnxForm = { type: "float32", shape: [] };

type Integers = (at: number) => readonly number[] | null;

function formsOf(node: OnnxNode, inputs: readonly OnnxForm[], integers: Integers): readonly OnnxForm[] {
  const [x = nothing, y = nothing] = inputs;
  const { type } = x;
  switch (node.operator) {
    case "LayerNormalization":
    case "SimplifiedLayerNormalization": {
      const axis = placeOf(integerIn(node, "axis", -1), x);
      const kept = x.shape.map((size, at) => (at < axis ? size : 1));
      return [x, { type, shape: kept }, { type, shape: kept }];
    }
    case "Loop":
      return formsOfLoop(node, integers(0)?.[0] ?? 1);
    case "Greater":
    case "LessOrEqual":
    case "Equal":
      return [{ type: "bool", shape: broadcast(inputs) }];
    case "Where":
      return [{ type: y.type, shape: broadcast(inputs) }];
    case "Cast":
      return [{ type: typeOf(integerIn(node, "to", elementType[type])), shape: x.shape }];
    case "GatherElements":
      return [{ type, shape: y.shape }];
    default:
      if (formKeepers.has(node.operator)) return [x];
      return [{ type, shape: cellwise.has(node.operator) ? broadcast(inputs) : shapeOf(node, inputs, integers) }];
  }
}

/** Operators that leave the form of their first input. */
const formKeepers: ReadonlySet<string> = new Set([
  ...[
    "Abs",
    "Cos",
    "CumSum",
    "Erf",
    "Exp",
    "Gelu",
    "Identity",
    "Log",
    "LogSoftmax",
    "Neg",
    "Not",
    "Reciprocal",
    "Relu",
  ],
  ...["RMSNormalization", "RotaryEmbedding", "ScatterElements", "Sigmoid", "Sin", "Softmax", "Sqrt", "Tanh"],
]);

/** Operators whose inputs are broadcast. */
const cellwise: ReadonlySet<string> = new Set(["Add", "And", "Div", "Max", "Mul", "Or", "Pow", "Sub", "Sum"]);

/** Of other operators that leave the type of their first input. */
function shapeOf(node: OnnxNode, inputs: readonly OnnxForm[], integers: Integers): readonly number[] {
  const [x = nothing, y = nothing] = inputs;
  switch (node.operator) {
    case "Reshape":
      return known(node, integers(1));
    case "Expand":
      return broadcast([x, { ...x, shape: known(node, integers(1)) }]);
    case "Gemm":
      return [turned(x.shape, integerIn(node, "transA", 0))[0]!, turned(y.shape, integerIn(node, "transB", 0))[1]!];
    case "MatMul":
    case "FusedMatMul":
      return shapeOfProduct(node, x, y);
    case "MultiHeadAttention":
      return [...x.shape.slice(0, -1), (inputs[2] ?? nothing).shape.at(-1)!];
    case "Transpose":
      return integersIn(node, "perm")?.map((at) => x.shape[at]!) ?? [...x.shape].reverse();
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceMax":
      return reduced(node, x, integers(1) ?? integersIn(node, "axes"));
    case "Slice":
      return sliced(x, { starts: integers(1), ends: integers(2), axes: integers(3) });
    case "Pad":
      return padded(x, integers(1), integers(3));
    case "Concat": {
      const axis = placeOf(integerIn(node, "axis", 0), x);
      const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
      return x.shape.map((size, at) => (at === axis ? length : size));
    }
    case "Gather": {
      const axis = placeOf(integerIn(node, "axis", 0), x);
      return [...x.shape.slice(0, axis), ...y.shape, ...x.shape.slice(axis + 1)];
    }
    default:
      throw new RangeError(`formsIn: expected an operator that has a rule, got ${node.operator}; give it one`);
  }
}

function known(node: OnnxNode, shape: readonly number[] | null): readonly number[] {
  if (shape === null)
    throw new RangeError(`formsIn: expected a constant shape for ${node.operator}, got one that is computed`);
  return shape;
}

/** What is carried from turn to turn, and what each turn adds. */
function formsOfLoop({ inputs, attributes }: OnnxNode, turns: number): readonly OnnxForm[] {
  const body = attributes.body;
  if (body === undefined || !("graph" in body)) return [nothing];
  const carried = inputs.length - 2;
  return body.graph.outputs
    .slice(1)
    .map((value) => ("type" in value ? value : { ...nothing, ...value }))
    .map(({ type, shape }, at) => ({ type, shape: at < carried ? shape : [turns, ...shape] }));
}

function shapeOfProduct(node: OnnxNode, x: OnnxForm, y: OnnxForm): readonly number[] {
  const side = ({ shape }: OnnxForm, letter: "A" | "B") => {
    // With `transBatch` the batch axes stand behind the rows.
    const [first, ...rest] = shape;
    const isBehind = integerIn(node, `transBatch${letter}`, 0) === 1;
    const own = isBehind ? [...rest.slice(0, -1), first!, rest.at(-1)!] : shape;
    return [...own.slice(0, -2), ...turned(own.slice(-2), integerIn(node, `trans${letter}`, 0))];
  };
  const [left, right] = [side(x, "A"), side(y, "B")];
  const batch = broadcast([left, right].map((shape) => ({ type: x.type, shape: shape.slice(0, -2) })));
  return [...batch, left.at(-2)!, right.at(-1)!];
}

function turned([rows = 1, columns = 1]: readonly number[], isTurned: number): readonly [number, number] {
  return isTurned === 1 ? [columns, rows] : [rows, columns];
}

function reduced(node: OnnxNode, x: OnnxForm, axes: readonly number[] | null): number[] {
  const gone = new Set((axes ?? x.shape.map((_, at) => at)).map((axis) => placeOf(axis, x)));
  if (integerIn(node, "keepdims", 1) === 1) return x.shape.map((size, at) => (gone.has(at) ? 1 : size));
  return x.shape.filter((_, at) => !gone.has(at));
}

interface Cut {
  readonly starts: readonly number[] | null;
  readonly ends: readonly number[] | null;
  readonly axes: readonly number[] | null;
}

function sliced(x: OnnxForm, { starts, ends, axes }: Cut): number[] {
  const shape = [...x.shape];
  for (const [at, start] of (starts ?? []).entries()) {
    const axis = placeOf(axes?.[at] ?? at, x);
    shape[axis] = Math.min(ends![at]!, shape[axis]!) - start;
  }
  return shape;
}

function padded(x: OnnxForm, pads: readonly number[] | null, axes: readonly number[] | null): number[] {
  const shape = [...x.shape];
  const own = axes ?? x.shape.map((_, at) => at);
  for (const [at, axis] of own.entries())
    shape[placeOf(axis, x)]! += (pads?.[at] ?? 0) + (pads?.[at + own.length] ?? 0);
  return shape;
}

function broadcast(forms: readonly OnnxForm[]): number[] {
  const rank = Math.max(...forms.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, at) => {
    const sizes = forms.map(({ shape }) => shape[at - rank + shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

function placeOf(axis: number, { shape }: OnnxForm): number {
  return axis < 0 ? axis + shape.length : axis;
}

function integerIn(node: OnnxNode, name: string, otherwise: number): number {
  const attribute: OnnxAttribute | undefined = node.attributes[name];
  return attribute !== undefined && "int" in attribute ? attribute.int : otherwise;
}

function integersIn(node: OnnxNode, name: string): readonly number[] | null {
  const attribute: OnnxAttribute | undefined = node.attributes[name];
  return attribute !== undefined && "ints" in attribute ? attribute.ints : null;
}

const types = new Map<number, DataType>();
for (const type of ["float32", "uint8", "int8", "int32", "int64", "bool", "float64"] as const)
  types.set(elementType[type], type);

function typeOf(number: number): DataType {
  return types.get(number) ?? "float32";
}
