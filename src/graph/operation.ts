import type { Attributes } from "./attribute.ts";
import type { DataType, HostArray } from "./host-array.ts";
import type { OnnxGraph } from "./onnx.ts";
import type { OnnxOperator } from "./onnx-form.ts";
import type { Written } from "./view.ts";

/** Axes, shape and type of an array, without its values. */
export interface Form<A extends string = string, D extends DataType = DataType> {
  readonly axes: A;
  readonly shape: readonly number[];
  readonly type: D;
}

/** A symbolic array whose axes the compiler does not know: what gradient rules and lowerings see. */
export interface AnyArray extends Form {
  readonly node: Node;
  /** Which output of the node this is. */
  readonly output: number;
}

/** One application of an operation. */
export interface Node {
  /** Rises in the order of creation, so inputs always have smaller numbers. */
  readonly order: number;
  readonly operation: Operation;
  readonly inputs: readonly AnyArray[];
  readonly forms: readonly Form[];
  /** What it was made inside of; `null` for what was made in none, and for what is computed from nothing. */
  readonly block: Block | null;
}

/** Nodes that were made together, such as a layer: `gradientByBlocks` keeps what goes in and what is read outside, nothing else. */
export type Block = symbol;

/**
 * What an op is: its lowering to ONNX and its gradient, side by side.
 *
 * Both take the inputs as arguments, never from a closure, so that a node can be repeated on other inputs.
 */
export interface Operation {
  readonly name: string;
  /** The lowering writes an array of size 1 along the axes it is repeated over; `Lowering.value` completes it. */
  readonly isThin?: true;
  /** What the op does again and again, and how often; its other inputs are read once. */
  readonly repeats?: { readonly turns: number; readonly nodes: readonly Node[] };
  /** Writes ONNX nodes and returns the names of the outputs, in order. */
  readonly lower: (lowering: Lowering, inputs: readonly AnyArray[]) => readonly string[];
  /**
   * Gradient of each input from that of the first output; `null` where an input has none.
   * `outputs` are the node's own outputs; only the first carries a gradient, the others are kept for this rule.
   */
  readonly gradient: (
    gradient: AnyArray,
    inputs: readonly AnyArray[],
    outputs: readonly AnyArray[],
  ) => readonly (AnyArray | null)[];
}

/**
 * Operators that a graph may be written in: those of ONNX Runtime's own as well; the standard's alone, which every runtime has, also of a
 * graph that takes gradients; those that ONNX Runtime computes right by WebGPU (docs/decisions/0013-devices-are-checked.md); those of OpenVINO, with matrix products of float32 in
 * bfloat16 and all else as it is (docs/decisions/0019-products-in-bfloat16.md); or those that give the same bits each time on a card, with
 * products as they are or in bfloat16 (docs/decisions/0020-on-a-card.md).
 */
export type Operators =
  | "runtime"
  | "standard"
  | "standard with gradients"
  | "webgpu"
  | "bfloat16"
  | "cuda"
  | "cuda in bfloat16";

/** Whether a card computes the graph, where sums over rows too are added up in any order. */
export function isOfCard(operators: Operators): boolean {
  return operators === "cuda" || operators === "cuda in bfloat16";
}

/** Whether rows that are added at one place are added in any order: on a card, and by WebGPU, whose threads add as they come. */
export function addsInAnyOrder(operators: Operators): boolean {
  return isOfCard(operators) || operators === "webgpu";
}

/** A weight that is read as 8-bit integers where it is the matrix of a product. */
export interface IntegerWeight {
  readonly name: string;
  /** Its cells, row-major. */
  readonly cells: () => Float32Array;
}

/** What an op may ask of the ONNX graph that it is written into; `GraphLowering` answers. */
export interface Lowering {
  readonly operators: Operators;
  /** Name of an array, whole: repeated cells are written out. */
  value(array: AnyArray): string;
  /** Name of an array that may have size 1 where it is only repeated: for ONNX ops that broadcast by themselves. */
  thin(array: AnyArray): string;
  /** Whether `thin` would return less than the whole array. */
  isThin(array: AnyArray): boolean;
  /**
   * Name of an array's cells under another shape. Nothing is written where the shape is the same or nobody reads the view, and a
   * view of a view is one of the original.
   *
   * @param from the shape of what `name` names
   */
  reshaped(name: string, from: readonly number[], to: readonly number[]): string;
  /** What a view was made of, under the shape in which it was written; anything else is its own original. */
  original(name: string, shape: readonly number[]): Written;
  /** One node of an ONNX operator with one output. */
  node(operator: OnnxOperator, inputs: readonly string[], attributes?: Attributes): string;
  /** One node of an operator of ONNX Runtime's own. */
  fused(operator: OnnxOperator, inputs: readonly string[], attributes: Attributes): string;
  /** One node of an ONNX operator with several outputs. */
  nodes(operator: OnnxOperator, inputs: readonly string[], outputs: number, attributes: Attributes): string[];
  /** A named input of the program. @throws RangeError if it is declared or fixed with another form */
  input(name: string, form: Form): string;
  /** The weight that an array is, where the program holds it as integers for products; `null` for any other array. */
  integerWeight(array: AnyArray): IntegerWeight | null;
  constant(values: HostArray<string, DataType>): string;
  /** A large constant that several nodes read: made once for one key. */
  shared(key: string, make: () => HostArray<string, DataType>): string;
  /** A scalar of the type of `like`. */
  scalar(like: Form, value: number): string;
  /** One integer: an axis. */
  integer(value: number): string;
  /** A list of integers: shapes, axes, starts. */
  integers(values: readonly number[]): string;
  /** The graph of a body. It reads values around it by their names; what does not change in it is written around it. */
  body(body: Body): OnnxGraph;
  /** A name that nothing else has. */
  name(what: string): string;
}

/** A graph that an operator of another graph runs, such as the body of `Loop`. */
export interface Body {
  /** Arrays that the operator hands to it, in its order. */
  readonly inputs: readonly AnyArray[];
  /** What is made in it, in order of creation. */
  readonly inside: readonly Node[];
  /** For each node that it reads of the graph around: the node that stands for it there. */
  readonly outside: ReadonlyMap<Node, Node>;
  readonly results: readonly AnyArray[];
}
