import { apply, nodesBefore, outputsOf, repeat } from "./array.ts";
import type { AnyArray, Block, Lowering, Node } from "./operation.ts";

/** What gradient rules see of the blocks of a graph: what stays of them, and the rest computed again. */
export class Recomputation {
  /** Of blocks, what is read outside of them: it stays, and is not computed again. */
  readonly #kept = new Set<Node>();
  /** The first gradient that comes to a block: nothing of the block is computed again before it is known. */
  readonly #arrivals = new Map<Block, AnyArray>();
  readonly #again = new Map<Node, Node>();
  readonly #entered = new Map<Block, Map<string, AnyArray>>();

  /** @param of what is differentiated */
  constructor(of: AnyArray) {
    for (const node of nodesBefore([of]))
      for (const input of node.inputs) if (input.node.block !== node.block) this.#kept.add(input.node);
  }

  /** What the rule of a node reads in the place of its inputs and outputs. */
  at(node: Node, given: AnyArray): (array: AnyArray) => AnyArray {
    const { block } = node;
    if (block === null) return (array) => array;
    if (!this.#arrivals.has(block)) this.#arrivals.set(block, given);
    return (array) => (this.#isForgotten(array, block) ? this.#computedAgain(array) : array);
  }

  #isForgotten({ node }: AnyArray, block: Block): boolean {
    return node.block === block && !this.#kept.has(node);
  }

  #computedAgain({ node, output }: AnyArray): AnyArray {
    const { block } = node;
    let again = this.#again.get(node);
    if (again === undefined) {
      const inputs = node.inputs.map((input) =>
        this.#isForgotten(input, block!) ? this.#computedAgain(input) : this.#enteredBy(block!, input),
      );
      again = repeat(node, inputs);
      this.#again.set(node, again);
    }
    return outputsOf(again)[output]!;
  }

  /**
   * What a block is computed from, as of the arrival of its gradient: without this the runtime would see that both computations are
   * one, do it once, and keep what it should forget. What is never large, or is there all the time, enters as it is.
   */
  #enteredBy(block: Block, array: AnyArray): AnyArray {
    const { node, type } = array;
    const isLight = node.inputs.length === 0 || node.operation.isThin === true;
    if (isLight || (type !== "float32" && type !== "float64")) return array;
    const entered = this.#entered.get(block) ?? new Map<string, AnyArray>();
    this.#entered.set(block, entered);
    const key = `${node.order} ${array.output}`;
    const known = entered.get(key) ?? asOf(this.#arrivals.get(block)!, array);
    entered.set(key, known);
    return known;
  }
}

/** An array, to the bit, that is there only once another is known. */
function asOf(known: AnyArray, array: AnyArray): AnyArray {
  const { axes, shape, type } = array;
  return apply({ axes, shape, type }, [array, known], {
    name: "asOf",
    lower: (lowering, [x, before]) => {
      const cut = lowering.node("Slice", [
        ...[lowering.value(x!), zeroAfter(lowering, before!)],
        ...[lowering.integers([x!.shape[0]!]), lowering.integers([0])],
      ]);
      // The runtime does not know where the cut begins, so it has to be told the shape again.
      return [lowering.node("Reshape", [cut, lowering.integers(x!.shape)])];
    },
    gradient: () => {
      throw new Error("asOf: carries no gradient; differentiate what is computed once");
    },
  });
}

/** The integer 0, in a way that no optimiser of graphs works out before an array is known. */
function zeroAfter(lowering: Lowering, array: AnyArray): string {
  const axes = array.shape.map((_, at) => at);
  const [starts, ends] = [axes.map(() => 0), axes.map(() => 1)].map((list) => lowering.integers(list));
  const name = lowering.value(array);
  const cell = axes.length === 0 ? name : lowering.node("Slice", [name, starts!, ends!, lowering.integers(axes)]);
  const bit = lowering.node("IsNaN", [lowering.node("Reshape", [cell, lowering.integers([1])])]);
  // 7 is int64 in ONNX.
  return lowering.node("Mul", [lowering.node("Cast", [bit], { to: 7 }), lowering.integers([0])]);
}
