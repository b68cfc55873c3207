import { apply, constant, type FloatType, outputsOf, SymbolicArray, show } from "./array.ts";
import { cells } from "./axes.ts";
import { allocate, HostArray } from "./host-array.ts";
import { add, asFloat } from "./op/elementwise.ts";
import type { AnyArray, Node } from "./operation.ts";
import { Recomputation } from "./recompute.ts";

/**
 * Derivatives of a scalar with respect to arrays, by reverse mode: a transformation of the graph.
 *
 * Arrays that the scalar does not depend on get zeros.
 *
 * @throws RangeError if `of` is no scalar
 */
export function gradient<D extends FloatType>(
  of: SymbolicArray<"", D>,
  wrt: readonly SymbolicArray<string, NoInfer<D>>[],
): SymbolicArray<string, D>[] {
  return differentiated(of, wrt, () => (array) => array);
}

/**
 * The same derivatives, to the bit, for less memory and more time: what is made inside a block and read nowhere else is forgotten, and
 * computed again where the gradient comes to the block.
 *
 * @throws RangeError as `gradient`
 * @source Chen et al.: Training Deep Nets with Sublinear Memory Cost (arXiv:1604.06174)
 */
export function gradientByBlocks<D extends FloatType>(
  of: SymbolicArray<"", D>,
  wrt: readonly SymbolicArray<string, NoInfer<D>>[],
): SymbolicArray<string, D>[] {
  const recomputation = new Recomputation(of);
  return differentiated(of, wrt, (node, given) => recomputation.at(node, given));
}

/** What the rule of a node reads in the place of an array, once the node's own gradient is known. */
type Sight = (node: Node, given: AnyArray) => (array: AnyArray) => AnyArray;

function differentiated<D extends FloatType>(
  of: SymbolicArray<"", D>,
  wrt: readonly SymbolicArray<string, NoInfer<D>>[],
  sight: Sight,
): SymbolicArray<string, D>[] {
  if (of.shape.length !== 0) throw new RangeError(`gradient: expected a scalar, got ${show(of)}`);
  const relevant = leadingFrom(of.node, new Set(wrt.map((array) => array.node)));
  const sums = new Map<Node, AnyArray>([[of.node, constantLike(of, 1)]]);
  for (const node of [...relevant].sort((one, other) => other.order - one.order)) {
    const given = sums.get(node);
    if (given === undefined) continue;
    const seen = sight(node, given);
    const parts = node.operation.gradient(given, node.inputs.map(seen), outputsOf(node).map(seen));
    node.inputs.forEach((input, at) => {
      const part = parts[at];
      if (part === undefined || part === null || !relevant.has(input.node)) return;
      expectForm(node, input, part);
      const known = sums.get(input.node);
      sums.set(input.node, known === undefined ? part : add(asFloat(known), asFloat(part)));
    });
  }
  return wrt.map((array) => {
    const sum = sums.get(array.node) ?? constantLike(array, 0);
    return new SymbolicArray({ axes: array.axes, shape: array.shape, type: array.type }, sum.node, sum.output);
  });
}

/** Nodes between `targets` and `from`, both included: only they carry a gradient. */
function leadingFrom(from: Node, targets: ReadonlySet<Node>): Set<Node> {
  const leads = new Map<Node, boolean>();
  const open: Node[] = [from];
  while (open.length > 0) {
    const node = open.at(-1)!;
    const waiting = node.inputs.filter((input) => !leads.has(input.node));
    if (leads.has(node) || waiting.length === 0) {
      open.pop();
      leads.set(node, targets.has(node) || node.inputs.some((input) => leads.get(input.node) === true));
    } else open.push(...waiting.map((input) => input.node));
  }
  return new Set([...leads].flatMap(([node, does]) => (does ? [node] : [])));
}

/** Every cell the same. */
export function constantLike<A extends string, D extends FloatType>(
  like: SymbolicArray<A, D>,
  value: number,
): SymbolicArray<A, D> {
  if (like.shape.length === 0) {
    const storage = allocate(like.type, cells(like.shape));
    storage.fill(value);
    return constant(new HostArray(like.axes, like.shape, like.type, storage));
  }
  return apply({ axes: like.axes, shape: like.shape, type: like.type }, [], {
    name: "filled",
    lower: (lowering) => [lowering.node("Expand", [lowering.scalar(like, value), lowering.integers(like.shape)])],
    gradient: () => [],
  });
}

function expectForm(node: Node, input: AnyArray, part: AnyArray): void {
  if (part.axes !== input.axes || part.shape.join() !== input.shape.join() || part.type !== input.type)
    throw new Error(
      `gradient of ${node.operation.name}: expected ${show(input)} ${input.type}, got ${show(part)} ${part.type}`,
    );
}
