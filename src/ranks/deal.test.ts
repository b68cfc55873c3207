import { expect, test } from "vitest";
import { shareOf, turnsOf } from "./deal.ts";

const ranksOf = (size: number) => Array.from({ length: size }, (_, rank) => ({ rank, size }));
const indices = (count: number) => Array.from({ length: count }, (_, at) => at);

test("shares follow each other, and differ by one at most", () => {
  for (const size of [1, 2, 3, 4, 7])
    for (let count = 0; count <= 20; count++) {
      const shares = ranksOf(size).map((rank) => shareOf(count, rank));
      expect(shares.flatMap(({ start, end }) => indices(count).slice(start, end))).toEqual(indices(count));
      const sizes = shares.map(({ start, end }) => end - start);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
});

test("turns give each micro-batch to one rank, neighbours to different ones", () => {
  for (const size of [1, 2, 3, 4, 7])
    for (let count = 0; count <= 20; count++) {
      const turns = ranksOf(size).map((rank) => turnsOf(count, rank));
      expect(turns.flat().sort((one, other) => one - other)).toEqual(indices(count));
      for (const own of turns) for (const at of own) expect(own.includes(at + 1) && size > 1).toBe(false);
    }
});
