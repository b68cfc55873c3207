import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { philox } from "./philox.ts";
import { type Stream, stream } from "./random.ts";

describe("Philox 4×32-10", () => {
  // Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, expected.
  const published = [
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as const;

  it("gives the published known answers", () => {
    for (const [counter, key, expected] of published) {
      const out = new Uint32Array(4);
      philox(out, Uint32Array.from(key), Uint32Array.from(counter));
      expect([...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
    }
  });

  it("multiplies words exactly, as big integers do", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { minLength: 6, maxLength: 6 }), (w) => {
        const out = new Uint32Array(4);
        philox(out, Uint32Array.from(w.slice(0, 2)), Uint32Array.from(w.slice(2)));
        expect([...out]).toEqual(philoxInBigIntegers(w.slice(2), w.slice(0, 2)));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a stream", () => {
  const noise = stream(7, "noise", "pusht");

  it("is the same for the same seed and names, and another for any other", () => {
    const words = (s: Stream) => [0, 1, 2, 3, 4].map((at) => s.word(at, 0, 0, 0)).join();
    expect(words(stream(7, "noise", "pusht"))).toBe(words(noise));
    const others = [
      stream(8, "noise", "pusht"),
      stream(7 + 2 ** 32, "noise", "pusht"),
      stream(7, "noise"),
      stream(7, "noisep", "usht"),
      stream(7, "noise", "pusht", ""),
      stream(7, "noise", "pushd"),
      stream(7, "noise", "a name that is longer than one block of sixteen bytes"),
      stream(7, "noise", "a name that is longer than one block of sixteen byteS"),
    ].map(words);
    expect(new Set([...others, words(noise)]).size).toBe(others.length + 1);
  });

  it("does not care in which order it is asked", () => {
    const late = noise.normal(5, 1, 2, 3);
    noise.uniform(9, 9, 9, 9);
    expect(noise.normal(5, 1, 2, 3)).toBe(late);
  });

  it("refuses a seed that is no natural number", () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) expect(() => stream(seed, "noise")).toThrow(RangeError);
  });

  it("fills an array with the numbers that single calls give, whatever its length", () => {
    for (const length of [0, 1, 2, 3, 5, 8]) {
      const normals = new Float32Array(length);
      const uniforms = new Float64Array(length);
      noise.fillNormal(normals, 3, 2, 1);
      noise.fillUniform(uniforms, 3, 2, 1);
      expect([...normals]).toEqual([...normals].map((_, at) => Math.fround(noise.normal(at, 3, 2, 1))));
      expect([...uniforms]).toEqual([...uniforms].map((_, at) => noise.uniform(at, 3, 2, 1)));
    }
  });
});

describe("distributions", () => {
  const count = 40_000;
  const draws = (draw: (at: number) => number) => Array.from({ length: count }, (_, at) => draw(at));
  const moment = (values: readonly number[], power: number) =>
    values.reduce((sum, value) => sum + value ** power, 0) / values.length;

  // Tolerances are 4 standard errors of the moment in question.
  it("normal has the moments 0, 1, 0, 3 and no memory along any counter", () => {
    const s = stream(1, "test of normal");
    for (const values of [
      draws((at) => s.normal(at, 0, 0, 0)),
      draws((at) => s.normal(0, at, 0, 0)),
      draws((at) => s.normal(0, 0, at, 0)),
      draws((at) => s.normal(1, 0, 0, at)),
    ]) {
      expect(Math.abs(moment(values, 1))).toBeLessThan(4 / Math.sqrt(count));
      expect(Math.abs(moment(values, 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
      expect(Math.abs(moment(values, 3))).toBeLessThan(4 * Math.sqrt(15 / count));
      expect(Math.abs(moment(values, 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
      const products = values.slice(1).map((value, at) => value * values[at]!);
      expect(Math.abs(moment(products, 1))).toBeLessThan(4 / Math.sqrt(count));
    }
  });

  it("normal puts 68.27 % within one and 95.45 % within two", () => {
    const s = stream(2, "test of normal");
    const values = draws((at) => s.normal(at, 5, 6, 7));
    const within = (bound: number) => values.filter((value) => Math.abs(value) < bound).length / count;
    expect(Math.abs(within(1) - 0.6827)).toBeLessThan(4 * Math.sqrt((0.6827 * 0.3173) / count));
    expect(Math.abs(within(2) - 0.9545)).toBeLessThan(4 * Math.sqrt((0.9545 * 0.0455) / count));
  });

  it("uniform fills their bins evenly (chi-square)", () => {
    const s = stream(3, "test of uniform");
    const bins = new Array<number>(20).fill(0);
    for (const value of draws((at) => s.uniform(at, 0, 0, 0))) bins[Math.floor(20 * value)]!++;
    const chiSquare = bins.reduce((sum, bin) => sum + (bin - count / 20) ** 2 / (count / 20), 0);
    expect(chiSquare).toBeLessThan(43.8); // 0.1 % of a chi-square with 19 degrees lies above.
  });
});

describe("a keyed permutation", () => {
  const s = stream(4, "test of permutation");

  it("is a bijection for every length", () => {
    for (const length of [...Array(70).keys()].map((n) => n + 1).concat([997, 1024, 10_001])) {
      const seen = new Set(Array.from({ length }, (_, at) => s.permuted(at, length, 1, 2)));
      expect(seen.size).toBe(length);
      expect(Math.max(...seen)).toBe(length - 1);
    }
  });

  it("is another for another key or number", () => {
    const order = (c2: number, c3: number) => Array.from({ length: 50 }, (_, at) => s.permuted(at, 50, c2, c3)).join();
    expect(new Set([order(0, 0), order(0, 1), order(1, 0)]).size).toBe(3);
    const other = stream(5, "test of permutation");
    expect(Array.from({ length: 50 }, (_, at) => other.permuted(at, 50, 0, 0)).join()).not.toBe(order(0, 0));
  });

  it("gives every order of few elements equally often", () => {
    for (const [length, orders, bound] of [
      [2, 2, 10.83],
      [3, 6, 20.52],
      [4, 24, 49.73],
    ] as const) {
      const tally = new Map<string, number>();
      const trials = 200 * orders;
      for (let trial = 0; trial < trials; trial++) {
        const order = Array.from({ length }, (_, at) => s.permuted(at, length, trial, 0)).join();
        tally.set(order, (tally.get(order) ?? 0) + 1);
      }
      expect(tally.size).toBe(orders);
      const chiSquare = [...tally.values()].reduce((sum, seen) => sum + (seen - 200) ** 2 / 200, 0);
      expect(chiSquare).toBeLessThan(bound);
    }
  });

  it("puts an element anywhere (chi-square over places)", () => {
    const places = new Array<number>(30).fill(0);
    for (let trial = 0; trial < 6000; trial++) places[s.permuted(11, 30, trial, 9)]!++;
    expect(places.reduce((sum, seen) => sum + (seen - 200) ** 2 / 200, 0)).toBeLessThan(58.3);
  });

  it("refuses an index outside", () => {
    expect(() => s.permuted(3, 3, 0, 0)).toThrow(/within 0 and 2, got 3/);
  });
});

function philoxInBigIntegers(counter: readonly number[], key: readonly number[]): number[] {
  const mask = 0xffffffffn;
  let [x0, x1, x2, x3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * x0;
    const p1 = 0xcd9e8d57n * x2;
    [x0, x1, x2, x3] = [((p1 >> 32n) ^ x1 ^ k0) & mask, p1 & mask, ((p0 >> 32n) ^ x3 ^ k1) & mask, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [x0, x1, x2, x3].map(Number);
}
