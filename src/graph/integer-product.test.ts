import { describe, expect, it } from "vitest";
import { input } from "./array.ts";
import type { HostArray } from "./host-array.ts";
import { GraphLowering } from "./lowering.ts";
import { contract, einsum } from "./op/einsum.ts";
import { add } from "./op/elementwise.ts";
import { gather } from "./op/gather.ts";
import { rename } from "./op/shape.ts";
import type { AnyArray } from "./operation.ts";
import { Program } from "./program.ts";
import { expectSameBits } from "./testing/bits.ts";
import { floats, integers, named, runProgram } from "./testing/evaluate.ts";

const machine = { device: "cpu", threads: 2 } as const;

/** A weight that a program holds as integers. */
const held = (cells: ArrayLike<number>) => ({
  has: (name: string) => name === "w",
  cellsOf: () => Float32Array.from(cells),
});

/** One run of a program that holds `w` as integers. */
async function computed(y: AnyArray, weight: HostArray<string>, x: HostArray<string>): Promise<Float32Array> {
  const fixed = new Map([["w", weight]]);
  const program = await Program.compile({ y }, { ...machine, fixed, integers: held(weight.cells) });
  try {
    return Float32Array.from((await runProgram(program, new Map([["x", x]]))).y!);
  } finally {
    program.release();
  }
}

/** Numbers between −1 and 1 without a pattern. */
const waves = (length: number, step: number) => Float32Array.from({ length }, (_, at) => Math.sin(step * at * at + at));

describe("a product of integers", () => {
  it("rounds each row and each column by its own largest number", async () => {
    // Columns (127, −63.6) and (12.7, 1.27): scales 1 and 0.1, integers (127, −64) and (127, 13).
    // Rows (1, 0.5) and (−100, 1): scales 1/127 and 100/127, integers (127, 64), for 63.5 goes to the even one, and (−127, 1).
    const y = einsum("b e, m e -> b m", input("x", "b e", [2, 2], "float32"), input("w", "m e", [2, 2], "float32"));
    const weight = floats("float32", "m e", [2, 2], [127, -63.6, 12.7, 1.27]);
    const found = await computed(y, weight, floats("float32", "b e", [2, 2], [1, 0.5, -100, 1]));
    const sums = [
      (127 * 127 - 64 * 64) / 127,
      (0.1 * (127 * 127 + 64 * 13)) / 127,
      (100 * (-127 * 127 - 64)) / 127,
      (10 * (-127 * 127 + 13)) / 127,
    ];
    // 1e-6: four roundings of float32.
    for (const [at, sum] of sums.entries()) expect(Math.abs(found[at]! / sum - 1)).toBeLessThan(1e-6);
  });

  it.each([0, 1])("takes the weight as operand %i, under any order of axes, with a factor", async (place) => {
    // Each column and each row has ±127 and integers alone: nothing is rounded.
    const weights = [127, 2, 3, -127, 127, 6, 127, 8, 9, 127, 11, -127];
    const rows = [1, 127, 3, 127, -7, -127];
    const [w, x] = [input("w", "m f e", [3, 2, 2], "float32"), input("x", "e n", [2, 3], "float32")];
    const y = place === 0 ? contract("f n m", 0.5, w, x) : contract("f n m", 0.5, x, w);
    const weight = floats("float32", "m f e", [3, 2, 2], weights);
    const found = await computed(y, weight, floats("float32", "e n", [2, 3], rows));
    const wanted = [0, 1].flatMap((f) =>
      [0, 1, 2].flatMap((n) =>
        [0, 1, 2].map((m) => [0, 1].reduce((sum, e) => sum + weights[(m * 2 + f) * 2 + e]! * rows[e * 3 + n]!, 0) / 2),
      ),
    );
    // Sums up to 16,129 at four roundings of float32.
    for (const [at, sum] of wanted.entries()) expect(Math.abs(found[at]! - sum)).toBeLessThan(0.01);
  });

  it("is near the product of the numbers themselves", async () => {
    const [rows, depth, width] = [8, 96, 40];
    const [x, w] = [waves(rows * depth, 0.37), waves(width * depth, 0.53)];
    const y = einsum(
      "b e, m e -> b m",
      input("x", "b e", [rows, depth], "float32"),
      input("w", "m e", [width, depth], "float32"),
    );
    const weight = floats("float32", "m e", [width, depth], w);
    const found = await computed(y, weight, floats("float32", "b e", [rows, depth], x));
    let [errors, squares] = [0, 0];
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < width; column++) {
        let sum = 0;
        for (let at = 0; at < depth; at++) sum += x[row * depth + at]! * w[column * depth + at]!;
        squares += sum ** 2;
        errors += (found[row * width + column]! - sum) ** 2;
      }
    // Each factor is rounded by at most 1/254 of the largest one, √(1/12)/127 of it at the root mean square, where numbers are 0.7 of it.
    const expected = Math.sqrt(2 / 12) / 127 / 0.7;
    expect(Math.sqrt(errors / squares)).toBeGreaterThan(expected / 2);
    expect(Math.sqrt(errors / squares)).toBeLessThan(2 * expected);
  });
});

describe("a row of a product of integers", () => {
  const [depth, width] = [96, 40];
  const weight = floats("float32", "m e", [width, depth], waves(width * depth, 0.53));
  const own = waves(depth, 0.37);
  const products = async (rows: readonly Float32Array[]) => {
    const form = [rows.length, depth];
    const y = einsum(
      "b e, m e -> b m",
      input("x", "b e", form, "float32"),
      input("w", "m e", [width, depth], "float32"),
    );
    return await computed(
      y,
      weight,
      floats(
        "float32",
        "b e",
        form,
        rows.flatMap((row) => [...row]),
      ),
    );
  };
  const filled = (value: number) => new Float32Array(depth).fill(value);

  it("has the same bits whatever stands in the others, and however many there are", async () => {
    const alone = await products([own]);
    for (const value of [0, 1e30, Number.NaN, Infinity])
      for (const count of [1, 3, 16, 40]) {
        const others = Array.from({ length: count }, () => filled(value));
        expectSameBits("last row", (await products([...others, own])).slice(-width), alone);
        expectSameBits("first row", (await products([own, ...others])).slice(0, width), alone);
      }
  });

  it("of zeros is 0, and one with a cell that is no number has none", async () => {
    expect(new Set(await products([filled(0)]))).toEqual(new Set([0]));
    for (const value of [Number.NaN, Infinity, -Infinity])
      for (const place of [0, 17, depth - 1]) {
        const found = await products([own.map((cell, at) => (at === place ? value : cell))]);
        expect(found.some(Number.isFinite)).toBe(false);
      }
  });
});

describe("a program with integers", () => {
  const x = input("x", "b e", [2, 2], "float32");
  const w = input("w", "m e", [2, 2], "float32");
  const weight = floats("float32", "m e", [2, 2], [127, 1, 2, 127]);
  const lowered = (y: AnyArray) =>
    new GraphLowering(new Map([["w", weight]]), "runtime", held(weight.cells)).graph(new Map([["y", y]]));

  it("keeps no float32 of a weight that products alone read", () => {
    const { initializers } = lowered(einsum("b e, m e -> b m", x, w));
    expect(initializers.filter(({ type, shape }) => type === "float32" && shape.length > 1)).toEqual([]);
    expect(initializers.filter(({ type, shape }) => type === "int8" && shape.length > 1)).toHaveLength(1);
  });

  it("keeps it where something else reads it, and then holds both", async () => {
    const token = input("token", "b", [2], "int32");
    const y = add(gather(w, token, "b e"), rename(einsum("b e, m e -> b m", x, w), "m", "e"));
    const program = await Program.compile(
      { y },
      { ...machine, fixed: new Map([["w", weight]]), integers: held(weight.cells) },
    );
    const feeds = named({
      x: floats("float32", "b e", [2, 2], [127, 0, 0, 127]),
      token: integers("b", [2], [1, 0]),
    });
    const { y: found } = await runProgram(program, feeds);
    // Rows 1 and 0 of the weight, and 127 of its columns.
    const wanted = [2 + 127 * 127, 127 + 127 * 2, 127 + 127, 1 + 127 * 127];
    for (const [at, value] of wanted.entries()) expect(Math.abs(found![at]! - value)).toBeLessThan(0.01);
    program.release();
  });

  it("has products of activations as they are, and of batches of matrices", () => {
    const batches = einsum(
      "b i e, b m e -> b i m",
      input("rows", "b i e", [2, 2, 2], "float32"),
      input("w", "b m e", [2, 1, 2], "float32"),
    );
    const square = einsum("b e, m e -> b m", x, input("z", "m e", [2, 2], "float32"));
    const operators = (y: AnyArray) =>
      new GraphLowering(new Map(), "runtime", held([]))
        .graph(new Map([["y", y]]))
        .nodes.map(({ operator }) => operator);
    expect(operators(batches)).toContain("FusedMatMul");
    expect(operators(square)).toEqual(["Gemm"]);
  });
});
