import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { areLargestSumsExact, refuseInexactIntegers } from "./integer-check.ts";

describe("products of integers", () => {
  it("are exact on this machine", async () => {
    await expect(refuseInexactIntegers({ device: "cpu" })).resolves.toBeUndefined();
  });

  it("are refused on other devices, where the runtime has none", async () => {
    const refused = refuseInexactIntegers({ device: "cuda" });
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(
      'weights: expected "cpu" for products of 8-bit integers, got "cuda"; take float32',
    );
  });

  it("count as inexact where a sum of one row, or of several, is another", async () => {
    const right = 256 * 255 * 127;
    const sums = (one: number, several: number) => async (rows: number) =>
      Float32Array.of(right, rows === 1 ? one : several);
    expect(await areLargestSumsExact(sums(right, right))).toBe(true);
    // Pairs of products that end at 2¹⁵ − 1.
    const short = 128 * (2 ** 15 - 1);
    expect(await areLargestSumsExact(sums(short, right))).toBe(false);
    expect(await areLargestSumsExact(sums(right, short))).toBe(false);
  });
});
