import { type AnyArray, apply, inBlock, input, type Node, repeat, SymbolicArray } from "./array.ts";

/** Name of the program input that keeps recomputed blocks apart from their originals. Its value is 1. */
export const barrierName = "rematerialize.one";

/**
 * Marks what `build` makes as one block: backwards it is computed again from its inputs instead of being kept.
 *
 * Saves the memory of everything inside for the time of one more forward pass of the block; bits stay equal. In float64,
 * which is for checks, the runtime merges the copies again.
 */
export function rematerialize<R>(build: () => R): R {
  return inBlock({}, build);
}

/** Maps an array that a node reads to its recomputed twin where both lie in one block, else to itself. */
export function recomputed(): (array: AnyArray, reader: Node) => AnyArray {
  const twins = new Map<Node, Node>();
  const entries = new Map<Node, AnyArray>();
  const twin = (array: AnyArray, block: object): AnyArray => {
    const { node } = array;
    if (node.inputs.length === 0) return array;
    if (node.block !== block) return array.type === "float32" ? entry(array, entries) : array;
    let again = twins.get(node);
    if (again === undefined) {
      again = repeat(
        node,
        node.inputs.map((each) => twin(each, block)),
      );
      twins.set(node, again);
    }
    return new SymbolicArray(array, again, array.output);
  };
  return (array, { block }) => (block === null || array.node.block !== block ? array : twin(array, block));
}

/**
 * An input of a block, multiplied by a program input that is always 1.
 *
 * Without it ONNX Runtime recognises the copy as a common subexpression and keeps the original alive instead.
 */
function entry(array: AnyArray, entries: Map<Node, AnyArray>): AnyArray {
  const known = entries.get(array.node);
  if (known !== undefined) return known;
  const barrier = input(barrierName, "", [], "float32");
  const made: AnyArray = apply({ axes: array.axes, shape: array.shape, type: "float32" }, [array, barrier], {
    name: "barrier",
    lower: (lowering, [x, one]) => [lowering.node("Mul", [lowering.value(x!), lowering.value(one!)])],
    gradient: (given) => [given, null],
  });
  entries.set(array.node, made);
  return made;
}
