import { nodesBefore } from "./array.ts";
import { letters } from "./axes.ts";
import type { AnyArray, Node } from "./operation.ts";

/**
 * Floating-point operations of a program's matrix products: a multiplication and an addition for each pair of cells.
 *
 * What is done cell by cell is left out: in a transformer it is a few thousandths. What is repeated counts as often as it is done.
 */
export function productOperations(outputs: readonly AnyArray[]): number {
  return nodesBefore(outputs).reduce((sum, node) => sum + operationsOf(node), 0);
}

function operationsOf({ operation, inputs }: Node): number {
  const { name, repeats } = operation;
  if (repeats !== undefined) return repeats.turns * repeats.nodes.reduce((sum, node) => sum + operationsOf(node), 0);
  return name === "einsum" ? 2 * pairsOf(inputs) : 0;
}

/** The product of the sizes of all axes that the inputs have. */
function pairsOf(inputs: readonly AnyArray[]): number {
  const sizes = new Map(inputs.flatMap(({ axes, shape }) => letters(axes).map((letter, at) => [letter, shape[at]!])));
  return [...sizes.values()].reduce((product, size) => product * size, 1);
}
