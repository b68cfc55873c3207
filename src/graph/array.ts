import { describe, letters } from "./axes.ts";
import type { DataType, HostArray } from "./host-array.ts";
import type { AnyArray, Block, Form, Node, Operation } from "./operation.ts";

/** Data types that carry gradients. */
export type FloatType = "float32" | "float64";

/** An array that a program will compute: named axes, static shape, no values yet. */
export class SymbolicArray<A extends string, D extends DataType = "float32"> implements Form<A, D> {
  readonly axes: A;
  readonly shape: readonly number[];
  readonly type: D;
  readonly node: Node;
  /** Which output of the node this is. */
  readonly output: number;

  /** @internal Arrays come from ops. */
  constructor(form: Form<A, D>, node: Node, output: number) {
    if (letters(form.axes).length !== form.shape.length)
      throw new RangeError(
        `${node.operation.name}: "${form.axes}" has ${letters(form.axes).length} axes, got sizes [${form.shape.join(", ")}]`,
      );
    this.axes = form.axes;
    this.shape = form.shape;
    this.type = form.type;
    this.node = node;
    this.output = output;
  }
}

let created = 0;
let around: Block | null = null;

/** What `make` makes, as one block of the graph. Of a block within a block, the inner counts. */
export function asBlock<T>(make: () => T): T {
  const outer = around;
  around = Symbol("block");
  try {
    return make();
  } finally {
    around = outer;
  }
}

/** The result of an operation with one output. */
export function apply<A extends string, D extends DataType>(
  form: Form<A, D>,
  inputs: readonly AnyArray[],
  operation: Operation,
): SymbolicArray<A, D> {
  return new SymbolicArray(form, makeNode([form], inputs, operation), 0);
}

/** The results of an operation with several outputs: the first, and those kept for its gradient. */
export function applyKeeping<A extends string, D extends DataType>(
  form: Form<A, D>,
  kept: readonly Form[],
  inputs: readonly AnyArray[],
  operation: Operation,
): SymbolicArray<A, D> {
  return new SymbolicArray(form, makeNode([form, ...kept], inputs, operation), 0);
}

/** All outputs of a node, as arrays. */
export function outputsOf(node: Node): AnyArray[] {
  return node.forms.map((form, at) => new SymbolicArray(form, node, at));
}

/** The same operation on other inputs of the same forms. */
export function repeat(node: Node, inputs: readonly AnyArray[]): Node {
  return makeNode(node.forms, inputs, node.operation);
}

/** `[b=8 t=16]`: how errors show an array. */
export function show(array: Form): string {
  return describe(array.axes, array.shape);
}

/** Size of one axis. @throws RangeError if the array lacks it */
export function sizeOf(array: Form, letter: string): number {
  const own: string[] = letters(array.axes);
  const size = array.shape[own.indexOf(letter)];
  if (size === undefined) throw new RangeError(`expected an axis "${letter}", got ${show(array)}`);
  return size;
}

/** Refuses arrays that differ in axes, order, size or type. */
export function expectSame(where: string, x: Form, y: Form): void {
  if (x.axes !== y.axes || x.shape.some((size, at) => size !== y.shape[at]))
    throw new RangeError(
      `${where}: expected arrays of equal axes and sizes, got ${show(x)} and ${show(y)}; use alignTo`,
    );
  if (x.type !== y.type)
    throw new TypeError(`${where}: expected arrays of one type, got ${x.type} and ${y.type}; use cast`);
}

/** A named input of a program: data, a parameter, a count. */
export function input<A extends string, D extends DataType>(
  name: string,
  axes: A,
  shape: readonly number[],
  type: D,
): SymbolicArray<A, D> {
  return apply({ axes, shape, type }, [], {
    name: "input",
    lower: (lowering) => [lowering.input(name, { axes, shape, type })],
    gradient: () => [],
  });
}

/** A fixed array inside the program. */
export function constant<A extends string, D extends DataType>(values: HostArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: values.axes, shape: values.shape, type: values.type }, [], {
    name: "constant",
    lower: (lowering) => [lowering.constant(values)],
    gradient: () => [],
  });
}

/** Every node that the arrays are computed from, in order of creation. */
export function nodesBefore(arrays: readonly AnyArray[]): Node[] {
  const found = new Set<Node>();
  const open = arrays.map((array) => array.node);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    for (const { node: source } of node.inputs) open.push(source);
  }
  return [...found].sort((one, other) => one.order - other.order);
}

function makeNode(forms: readonly Form[], inputs: readonly AnyArray[], operation: Operation): Node {
  return { order: created++, operation, inputs, forms, block: inputs.length === 0 ? null : around };
}
