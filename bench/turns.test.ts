import { expect, test } from "vitest";
import { type Contestant, median, ratioTo, takeTurns } from "./turns.ts";

function contestant(name: string, times: readonly number[], calls: string[]): Contestant {
  let at = 0;
  return {
    name,
    async repeat() {
      calls.push(name);
      return times[at++]!;
    },
    end: () => undefined,
  };
}

test("turns alternate and are reversed from round to round", async () => {
  const calls: string[] = [];
  const done: number[] = [];
  const both = [contestant("a", [1, 2, 3], calls), contestant("b", [4, 5, 6], calls)];
  const measured = await takeTurns(both, 3, (count) => done.push(count));
  expect(calls.join("")).toBe("abbaab");
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  expect(measured.map(({ name, medianMs }) => [name, medianMs])).toEqual([
    ["a", 2],
    ["b", 5],
  ]);
});

test("a round in which everything is slow changes no ratio", async () => {
  const [base, other] = await takeTurns(
    [contestant("a", [10, 100, 10], []), contestant("b", [8, 80, 9], [])],
    3,
    () => undefined,
  );
  expect(ratioTo(base!, other!)).toBe(0.8);
});

test("the median of an even number of values is the mean of the middle two; of none there is none", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow("at least one value");
});
