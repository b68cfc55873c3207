import fc from "fast-check";
import { expect, test } from "vitest";
import { type Span, shareOf } from "./deal.ts";
import { joinLast, rootsOf } from "./tree.ts";

/** The tree as it is meant: split at the largest power of two below the count, then each half. */
function written(from: number, count: number): string {
  if (count === 1) return String(from);
  const left = 2 ** Math.floor(Math.log2(count - 1));
  return `(${written(from, left)} + ${written(from + left, count - left)})`;
}

/** The tree that ranks build together, each from its share. */
function built(count: number, size: number): string {
  const [nodes, texts]: [Span[], string[]] = [[], []];
  const join = (span: Span, text: string) => {
    texts.push(text);
    joinLast(nodes, span, count, (left) => texts.splice(left, 2, `(${texts[left]} + ${texts[left + 1]})`));
  };
  for (let rank = 0; rank < size; rank++) {
    for (const root of rootsOf(shareOf(count, { rank, size }), count)) join(root, within(root, count));
  }
  expect(nodes).toEqual([{ start: 0, end: count }]);
  return texts[0]!;
}

/** What a rank adds up within one of its subtrees. */
function within({ start, end }: Span, count: number): string {
  const [nodes, texts]: [Span[], string[]] = [[], []];
  for (let at = start; at < end; at++) {
    texts.push(String(at));
    joinLast(nodes, { start: at, end: at + 1 }, count, (left) =>
      texts.splice(left, 2, `(${texts[left]} + ${texts[left + 1]})`),
    );
  }
  return texts.join(", ");
}

test("six micro-batches are added as ((0 + 1) + (2 + 3)) + (4 + 5), on any number of ranks", () => {
  for (const size of [1, 2, 3, 4, 5, 6, 9]) expect(built(6, size)).toBe("(((0 + 1) + (2 + 3)) + (4 + 5))");
});

test("the tree depends on the number of micro-batches alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 70 }), (count, size) => {
      expect(built(count, size)).toBe(written(0, count));
    }),
  );
});

test("a share that is a block of a power of two is one subtree, and any other few", () => {
  expect(rootsOf({ start: 4, end: 8 }, 16)).toEqual([{ start: 4, end: 8 }]);
  expect(rootsOf({ start: 3, end: 8 }, 16)).toEqual([
    { start: 3, end: 4 },
    { start: 4, end: 8 },
  ]);
  // Ragged on the right: nothing comes after the eleventh.
  expect(rootsOf({ start: 8, end: 11 }, 11)).toEqual([{ start: 8, end: 11 }]);
});
