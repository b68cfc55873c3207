import type { Span } from "./deal.ts";

/**
 * Whether two nodes, one right after the other, have a common parent in the tree that adds up `count` micro-batches.
 *
 * The tree depends on the count alone: nodes are aligned blocks of a power of two, cut off at the count:
 * ((0 + 1) + (2 + 3)) + (4 + 5) for six.
 */
export function areSiblings(left: Span, right: Span, count: number): boolean {
  const size = left.end - left.start;
  return left.start % (2 * size) === 0 && right.end === Math.min(left.start + 2 * size, count);
}

/** The largest nodes of the tree over `count` micro-batches that make up a span, from left to right. */
export function rootsOf({ start, end }: Span, count: number): Span[] {
  const roots: Span[] = [];
  for (let at = start; at < end; at++) joinLast(roots, { start: at, end: at + 1 }, count, () => {});
  return roots;
}

/**
 * Adds a node to the right of others, and joins the last two as long as they are siblings.
 *
 * @param nodes  the nodes so far, from left to right, none of them siblings; changed
 * @param joined told of each joining: the place of the left node, which takes in the one after it
 */
export function joinLast(nodes: Span[], node: Span, count: number, joined: (left: number) => void): void {
  nodes.push(node);
  for (let left = nodes.length - 2; left >= 0 && areSiblings(nodes[left]!, nodes[left + 1]!, count); left--) {
    nodes.splice(left, 2, { start: nodes[left]!.start, end: nodes[left + 1]!.end });
    joined(left);
  }
}
