import { describe, expect, it } from "vitest";
import { constant, input } from "../../array.ts";
import { gradient } from "../../gradient.ts";
import { zeros } from "../../host-array.ts";
import { sum } from "../../op/align.ts";
import { einsum } from "../../op/einsum.ts";
import { add, multiply, scale } from "../../op/elementwise.ts";
import { where } from "../../op/select.ts";
import { rename } from "../../op/shape.ts";
import type { AnyArray } from "../../operation.ts";
import { Program } from "../../program.ts";
import { floats, named, runProgram } from "../../testing/evaluate.ts";
import { isOpenvinoThere } from "../../testing/openvino.ts";

const compile = (outputs: Readonly<Record<string, AnyArray>>) =>
  Program.compile(outputs, { device: "cpu", precision: "bf16", threads: 1, fixed: new Map() });
const x = input("x", "i k", [1, 2], "float32");
const weight = input("weight", "k j", [2, 2], "float32");
const matrices = named({
  x: floats("float32", "i k", [1, 2], [1 + 2 ** -8, 1 + 3 * 2 ** -9]),
  weight: floats("float32", "k j", [2, 2], [1, 0, 0, 1]),
});

describe.skipIf(!isOpenvinoThere())("a program in bf16", () => {
  it("rounds the matrices of products to 8 bits, half to even, and what is no product not at all", async () => {
    const program = await compile({ product: einsum("i k, k j -> i j", x, weight), twice: add(x, x) });
    const { product, twice } = await runProgram(program, matrices);
    program.release();
    // Beside 1 numbers of 8 bits are 2⁻⁷ apart: half of that goes down to the even 1, three quarters go up.
    expect([...product!]).toEqual([1, 1 + 2 ** -7]);
    expect([...twice!]).toEqual([2 + 2 ** -7, 2 + 3 * 2 ** -8]);
  });

  it("rounds a product's sum once, after all of it is added", async () => {
    const row = floats("float32", "i k", [1, 2], [256, 1]);
    const program = await compile({ product: scale(einsum("i k, k j -> i j", x, weight), 0.5) });
    const { product } = await runProgram(
      program,
      named({ x: row, weight: floats("float32", "k j", [2, 2], [1, 1, 1, 2]) }),
    );
    program.release();
    // Beside 256 they are 2 apart: 257 is half way and goes to the even 256, 258 is one of them.
    expect([...product!]).toEqual([128, 129]);
  });

  it("gives batched products and gradients as they are worked out by hand", async () => {
    const [left, right] = [input("left", "b q f", [2, 1, 2], "float32"), input("right", "b k f", [2, 2, 2], "float32")];
    const scores = einsum("b q f, b k f -> b q k", left, right);
    const [ofLeft] = gradient(sum(scores, ""), [left]);
    const program = await compile({ scores, ofLeft: ofLeft! });
    const found = await runProgram(
      program,
      named({
        left: floats("float32", "b q f", [2, 1, 2], [1, 2, 3, 4]),
        right: floats("float32", "b k f", [2, 2, 2], [1, 0, 0, 1, 1, 1, 2, -1]),
      }),
    );
    program.release();
    expect([...found.scores!]).toEqual([1, 2, 7, 2]);
    expect([...found.ofLeft!]).toEqual([1, 1, 3, 0]);
  });

  it("takes masks and gives inputs, constants and one array under two names", async () => {
    const mask = input("mask", "i k", [1, 2], "bool");
    const twice = multiply(x, constant(floats("float32", "i k", [1, 2], [2, 2])));
    const program = await compile({
      x2: twice,
      again: twice,
      renamed: rename(twice, "k", "n"),
      chosen: where(mask, x, twice),
      input: x,
    });
    const real = zeros("i k", [1, 2], "bool");
    real.cells[1] = 1;
    const found = await runProgram(program, named({ x: floats("float32", "i k", [1, 2], [1, 3]), mask: real }));
    program.release();
    for (const name of ["x2", "again", "renamed"]) expect([...found[name]!]).toEqual([2, 6]);
    expect([...found.chosen!]).toEqual([2, 3]);
    expect([...found.input!]).toEqual([1, 3]);
  });

  it("reads inputs that stand in memory as they are at each run, and runs that are asked for at once follow one another", async () => {
    const standing = named({ weight: floats("float32", "k j", [2, 2], [1, 2, 3, 4]) });
    const options = { device: "cpu", precision: "bf16", threads: 1, fixed: new Map(), standing } as const;
    const program = await Program.compile({ product: einsum("i k, k j -> i j", x, weight) }, options);
    expect(program.inputs.map(({ name }) => name)).toEqual(["x"]);
    const rows = [1, 2, 3].map((factor) => named({ x: floats("float32", "i k", [1, 2], [factor, 0]) }));
    const all = await Promise.all(rows.map((feeds) => runProgram(program, feeds)));
    expect(all.map(({ product }) => [...product!])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    program.release();
    await expect(runProgram(program, rows[0]!)).rejects.toThrow("released");
  });

  it("gives each of many runs its own answer where two go side by side", async () => {
    const options = { device: "cpu", precision: "bf16", threads: 1, lanes: 2, fixed: new Map() } as const;
    const program = await Program.compile({ product: einsum("i k, k j -> i j", x, weight) }, options);
    const turns = Array.from({ length: 20 }, (_, at) =>
      named({
        x: floats("float32", "i k", [1, 2], [at, 1]),
        weight: floats("float32", "k j", [2, 2], [1, 2, 0, at]),
      }),
    );
    const all = await Promise.all(turns.map((feeds) => runProgram(program, feeds)));
    expect(all.map(({ product }) => [...product!])).toEqual(turns.map((_, at) => [at, 3 * at]));
    program.release();
  });
});
