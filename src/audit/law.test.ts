import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { differenceOf, magnitude } from "./difference.ts";
import { asTheyAre, leaksOf, type Outputs, type Variation } from "./law.ts";

const line = (...cells: number[]) => new HostArray("i", [cells.length], "float32", Float32Array.from(cells));
const every = () => true;

describe("the difference of two arrays", () => {
  it("is null where all bits are the same, NaN too", () => {
    expect(differenceOf(line(1, Number.NaN), line(1, Number.NaN), every)).toBeNull();
  });

  it("is the largest one, with its place", () => {
    const one = new HostArray("b t", [2, 2], "float32", Float32Array.of(1, 2, 3, 4));
    const other = new HostArray("b t", [2, 2], "float32", Float32Array.of(1, 2.5, 3, 6));
    expect(differenceOf(one, other, every)).toEqual({ size: 2, index: [1, 1] });
    expect(differenceOf(one, other, (cell) => cell !== 3)).toEqual({ size: 0.5, index: [0, 1] });
  });

  it("is a number also where NaN or infinity stands, and −0 is not 0", () => {
    expect(differenceOf(line(1), line(Number.NaN), every)).toEqual({ size: Number.MAX_VALUE, index: [0] });
    expect(differenceOf(line(0), line(-0), every)).toEqual({ size: Number.MIN_VALUE, index: [0] });
  });

  it("is that of the cells which both have: more lies behind, but observation slots have more before", () => {
    const narrow = new HostArray("o d", [1, 2], "float32", Float32Array.of(5, 6));
    const wide = new HostArray("o d", [2, 3], "float32", Float32Array.of(1, 2, 3, 5, 6, 7));
    expect(differenceOf(narrow, wide, every)).toBeNull();
    expect(differenceOf(wide, narrow, every)).toBeNull();
    expect(
      differenceOf(narrow, new HostArray("o d", [2, 3], "float32", Float32Array.of(5, 6, 3, 0, 9, 7)), every),
    ).toEqual({
      size: 5,
      index: [0, 0],
    });
  });

  it("is refused between arrays of other axes", () => {
    expect(() => differenceOf(line(1), new HostArray("j", [1], "float32", Float32Array.of(1)), every)).toThrow(
      'expected arrays of the same axes, got "i" and "j"',
    );
  });

  it("is measured against the largest cell", () => {
    expect(magnitude(line(1, -7, 3))).toBe(7);
    expect(magnitude(line(1, Number.NaN))).toBe(Number.MAX_VALUE);
  });
});

describe("a variation", () => {
  const run = async (numbers: readonly number[]): Promise<Outputs> =>
    new Map([["sum", line(numbers.reduce((a, b) => a + b, 0))]]);
  const vary = (inputs: readonly (readonly number[])[], promise: Variation<readonly number[]>["promise"]) => ({
    law: "poison" as const,
    kinds: [],
    name: "other numbers",
    inputs,
    back: asTheyAre,
    promise,
  });

  it("leaks where an output changes by more than it promises", async () => {
    const expected = await run([1, 2]);
    const close = { relative: 0.1, absolute: 0.5, because: "test" };
    expect(
      await leaksOf(
        run,
        expected,
        vary([[1, 2.5]], () => "bits"),
      ),
    ).toEqual([{ output: "sum", size: 0.5, index: [0] }]);
    expect(
      await leaksOf(
        run,
        expected,
        vary([[1, 2.75]], () => close),
      ),
    ).toEqual([]);
    expect(
      await leaksOf(
        run,
        expected,
        vary([[1, 3]], () => close),
      ),
    ).toEqual([{ output: "sum", size: 1, index: [0] }]);
    expect(
      await leaksOf(
        run,
        expected,
        vary([[1, 9]], () => "nothing"),
      ),
    ).toEqual([]);
  });

  it("leaks where an output comes or goes", async () => {
    const more = async () => new Map([...(await run([3])), ["more", line(1)] as const]);
    const leaks = await leaksOf(
      more,
      await run([3]),
      vary([[3]], () => "bits"),
    );
    expect(leaks).toEqual([{ output: "more", size: Number.MAX_VALUE, index: [] }]);
  });

  it("of several inputs has to say where their outputs go", async () => {
    await expect(
      leaksOf(
        run,
        await run([1]),
        vary([[1], [2]], () => "bits"),
      ),
    ).rejects.toThrow("got those of 2");
  });
});
