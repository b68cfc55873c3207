import { expect, it } from "vitest";
import { curveChart } from "./curve.ts";

const held = (name: string, values: readonly number[]) => ({
  name,
  kind: "marked" as const,
  points: values.map((value, at) => ({ step: 100 * at, value })),
});

/** Places of the points of each line. */
function lines(picture: string): number[][][] {
  return [...picture.matchAll(/<polyline points="([^"]*)"/g)].map((match) =>
    (match[1] ?? "").split(" ").map((place) => place.split(",").map(Number)),
  );
}

it("draws equal ratios as equal distances, the largest value on top", () => {
  const [[first, second, third] = []] = lines(curveChart([held("reacher", [4, 2, 1])], "Loss"));
  expect(first?.[1]).toBe(12);
  expect(third?.[1]).toBe(280);
  expect(second?.[1]).toBeCloseTo((12 + 280) / 2, 6);
  expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!, 6);
});

it("draws pale curves first, so that they lie behind", () => {
  const pale = { ...held("training", [8, 0.5]), kind: "pale" as const };
  const drawn = lines(curveChart([held("reacher", [4, 2, 1]), pale], "Loss"));
  expect(drawn.map((line) => line.length)).toEqual([2, 3]);
});

it("keeps names apart where curves end at one place, and takes them as text", () => {
  const picture = curveChart([held("<one>", [2, 1]), held("two", [3, 1])], "Loss");
  const named = [...picture.matchAll(/<text x="580" y="([\d.]+)"[^>]*>([^<]+)</g)];
  expect(named.map((match) => match[2]).sort()).toEqual(["&#60;one&#62;", "two"]);
  const [one = 0, other = 0] = named.map((match) => Number(match[1]));
  expect(Math.abs(one - other)).toBeGreaterThanOrEqual(16);
});

it("writes a value at each of its lines as it is, also where they lie close together", () => {
  const picture = curveChart([held("reacher", [0.0236, 0.0221])], "Loss");
  const labels = [...picture.matchAll(/text-anchor="end"[^>]*>([^<]+)</g)].map((match) => match[1]);
  expect(labels).toEqual(["0.0225", "0.023", "0.0235"]);
});

it("refuses what has no logarithm", () => {
  expect(() => curveChart([held("reacher", [1, 0])], "Loss")).toThrow("expected positive values of Loss, got 1,0");
  expect(() => curveChart([], "Loss")).toThrow(RangeError);
});
