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
 * @throws RangeError for a graph that no lowering has written, where an operator has no rule
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
    const [x = nothing, y = nothing] = inputs;
    const rule = ruleOf.get(node.operator);
    if (rule === undefined)
      throw new RangeError(`formsIn: expected an operator that lowerings write, got ${node.operator}; give it a rule`);
    const made = rule({ node, x, y, inputs, integers: (at) => integers.get(node.inputs[at] ?? "") ?? null });
    for (const [at, name] of node.outputs.entries()) forms.set(name, made[at] ?? made[0]!);
  }
  return forms;
}

const nothing: OnnxForm = { type: "float32", shape: [] };

/** What is known of a node: the forms of what it reads, and the numbers of an input that is a constant of integers. */
interface Applied {
  readonly node: OnnxNode;
  readonly x: OnnxForm;
  readonly y: OnnxForm;
  readonly inputs: readonly OnnxForm[];
  /** `null` of an input that is left out or computed. */
  readonly integers: (at: number) => readonly number[] | null;
}

/** The forms of what a node makes. */
type Rule = (applied: Applied) => readonly OnnxForm[];

const sameForm: Rule = ({ x }) => [x];

/** Inputs are broadcast. */
const cellwise: Rule = ({ x, inputs }) => [{ type: x.type, shape: broadcast(inputs) }];

const comparison: Rule = ({ inputs }) => [{ type: "bool", shape: broadcast(inputs) }];

/** Of an operator that leaves the type of its first input. */
function shaped(shapeOf: (applied: Applied) => readonly number[]): Rule {
  return (applied) => [{ type: applied.x.type, shape: shapeOf(applied) }];
}

/** What is kept per row stands behind the result, where it is asked for. */
const norm: Rule = ({ node, x }) => {
  const axis = placeOf(integerIn(node, "axis", -1), x);
  const kept = { type: x.type, shape: x.shape.map((size, at) => (at < axis ? size : 1)) };
  return [x, kept, kept];
};

const product = shaped(({ node, x, y }) => shapeOfProduct(node, x, y));

const reduction = shaped(({ node, x, integers }) => reduced(node, x, integers(1) ?? integersIn(node, "axes")));

const rules = {
  Abs: sameForm,
  Add: cellwise,
  And: cellwise,
  ArgMax: ({ node, x }) => [{ type: "int64", shape: reduced(node, x, [integerIn(node, "axis", 0)]) }],
  Cast: ({ node, x }) => [{ type: typeOf(integerIn(node, "to", elementType[x.type])), shape: x.shape }],
  Concat: shaped(({ node, x, inputs }) => {
    const axis = placeOf(integerIn(node, "axis", 0), x);
    const length = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return x.shape.map((size, at) => (at === axis ? length : size));
  }),
  Cos: sameForm,
  CumSum: sameForm,
  Div: cellwise,
  Equal: comparison,
  Erf: sameForm,
  Exp: sameForm,
  Expand: shaped(({ node, x, integers }) => broadcast([x, { ...x, shape: known(node, integers(1)) }])),
  FusedMatMul: product,
  Gather: shaped(({ node, x, y }) => {
    const axis = placeOf(integerIn(node, "axis", 0), x);
    return [...x.shape.slice(0, axis), ...y.shape, ...x.shape.slice(axis + 1)];
  }),
  GatherElements: shaped(({ y }) => y.shape),
  Gelu: sameForm,
  Gemm: shaped(({ node, x, y }) => [
    turned(x.shape, integerIn(node, "transA", 0))[0],
    turned(y.shape, integerIn(node, "transB", 0))[1],
  ]),
  Greater: comparison,
  Identity: sameForm,
  IsNaN: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  LayerNormalization: norm,
  Log: sameForm,
  LogSoftmax: sameForm,
  Loop: ({ node, integers }) => formsOfLoop(node, integers(0)?.[0] ?? 1),
  MatMul: product,
  MatMulIntegerToFloat: ({ node, x, y }) => [{ type: "float32", shape: shapeOfProduct(node, x, y) }],
  Max: cellwise,
  Mul: cellwise,
  MultiHeadAttention: shaped(({ x, inputs }) => [...x.shape.slice(0, -1), inputs[2]!.shape.at(-1)!]),
  Neg: sameForm,
  Not: sameForm,
  Or: cellwise,
  Pad: shaped(({ x, integers }) => padded(x, integers(1), integers(3))),
  QuantizeLinear: ({ x, inputs }) => [{ type: inputs[2]!.type, shape: x.shape }],
  RMSNormalization: sameForm,
  Reciprocal: sameForm,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: reduction,
  Relu: sameForm,
  Reshape: shaped(({ node, integers }) => known(node, integers(1))),
  RotaryEmbedding: sameForm,
  ScatterElements: sameForm,
  Sigmoid: sameForm,
  SimplifiedLayerNormalization: norm,
  Sin: sameForm,
  // A cut that begins where a computed number says begins at 0: `recompute.ts` makes those, and no others are made.
  Slice: shaped(({ x, integers }) => sliced(x, { starts: integers(1), ends: integers(2), axes: integers(3) })),
  Softmax: sameForm,
  Sqrt: sameForm,
  Sub: cellwise,
  Sum: cellwise,
  Tanh: sameForm,
  Transpose: shaped(({ node, x }) => integersIn(node, "perm")?.map((at) => x.shape[at]!) ?? [...x.shape].reverse()),
  Where: ({ y, inputs }) => [{ type: y.type, shape: broadcast(inputs) }],
} satisfies Record<string, Rule>;

/** An operator that a lowering may write, of ONNX or of ONNX Runtime's own: those that have a rule. */
export type OnnxOperator = keyof typeof rules;

const ruleOf: ReadonlyMap<string, Rule> = new Map(Object.entries(rules));

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
