import type { Packed } from "./packed.ts";

/**
 * The sum of micro-batches' gradients in a fixed binary tree over their index: (0 + 1) + (2 + 3), then + …
 *
 * The tree depends on the index alone. Ranks that each hold an aligned block of 2ⁿ micro-batches hold whole subtrees, so the
 * sum has the same bits however micro-batches are dealt to ranks.
 */
export class GradientSum {
  /** Subtrees waiting for their right neighbour, largest first; their sizes are the binary digits of the count. */
  readonly #waiting: { readonly size: number; readonly values: Packed }[] = [];
  readonly #spare: Packed[] = [];
  readonly #make: () => Packed;

  /** @param make storage for one gradient */
  constructor(make: () => Packed) {
    this.#make = make;
  }

  /** Storage for the next micro-batch's gradient, to be filled and given to `add`. */
  storage(): Packed {
    return this.#spare.pop() ?? this.#make();
  }

  /** Takes over the gradient of the next micro-batch, in order of index. */
  add(values: Packed): void {
    let node = { size: 1, values };
    for (let last = this.#waiting.at(-1); last?.size === node.size; last = this.#waiting.at(-1)) {
      this.#waiting.pop();
      addInto(last.values, node.values);
      this.#spare.push(node.values);
      node = { size: 2 * node.size, values: last.values };
    }
    this.#waiting.push(node);
  }

  /** The whole sum. It may be overwritten from the next `storage` on. */
  total(): Packed {
    let node = this.#waiting.pop();
    if (node === undefined) throw new RangeError("GradientSum: expected at least one micro-batch, got none");
    for (let left = this.#waiting.pop(); left !== undefined; left = this.#waiting.pop()) {
      addInto(left.values, node.values);
      this.#spare.push(node.values);
      node = { size: left.size + node.size, values: left.values };
    }
    this.#spare.push(node.values);
    return node.values;
  }
}

function addInto(out: Packed, values: Packed): void {
  out.expectLike("GradientSum", values);
  const [sums, parts] = [out.cells, values.cells];
  for (let at = 0; at < sums.length; at++) sums[at]! += parts[at]!;
}
