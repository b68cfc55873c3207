import { describe, expect, it } from "vitest";
import { constant, input } from "../array.ts";
import { gradient } from "../gradient.ts";
import { Program } from "../program.ts";
import { stream } from "../random.ts";
import { expectSameBits } from "../testing/bits.ts";
import { expectClose } from "../testing/close.ts";
import { evaluate, floats, integers, named, plainly, runProgram } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { sum } from "./align.ts";
import { multiply } from "./elementwise.ts";
import * as ops from "./gather.ts";

const { gather } = ops;
const exact = { absolute: 0, relative: 0, because: "small integers" };

it("reads the rows that the numbers name", async () => {
  const table = constant(floats("float32", "y e", [3, 2], [1, 2, 3, 4, 5, 6]));
  const rows = gather(table, constant(integers("b n", [2, 2], [2, 0, 2, 1])), "b n e");
  expectClose("rows", (await evaluate({ rows }, plainly)).rows, [5, 6, 1, 2, 5, 6, 3, 4], exact);
});

it("reads whole matrices", async () => {
  const table = constant(floats("float32", "u e j", [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
  const rows = gather(table, constant(integers("b", [3], [1, 0, 1])), "b e j");
  expectClose("rows", (await evaluate({ rows }, plainly)).rows, [5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8], exact);
});

it("a negative number counts from the end, forwards and backwards", async () => {
  const table = input("table", "y e", [3, 1], "float64");
  const rows = gather(table, constant(integers("n", [2], [-1, -3])), "n e");
  const [slope] = gradient(sum(multiply(rows, rows), ""), [table]);
  const feeds = new Map([["table", floats("float64", "y e", [3, 1], [1, 2, 3])]]);
  const found = await evaluate({ rows, slope: slope! }, { ...plainly, feeds });
  expectClose("rows", found.rows, [3, 1], exact);
  expectClose("gradient", found.slope, [2, 0, 6], exact);
});

describe("the gradient", () => {
  it("adds the rows that read one row, and leaves a row that nobody reads at 0", async () => {
    const table = input("table", "y e", [4, 2], "float64");
    const rows = gather(table, constant(integers("b n", [2, 2], [2, 0, 2, 3])), "b n e");
    const weight = constant(floats("float64", "b n e", [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
    const [slope] = gradient(sum(multiply(rows, weight), ""), [table]);
    const feeds = new Map([["table", floats("float64", "y e", [4, 2], new Float64Array(8))]]);
    const found = await evaluate({ slope: slope! }, { ...plainly, feeds });
    expectClose("gradient", found.slope, [3, 4, 0, 0, 6, 8, 7, 8], exact);
  });

  it("has the same bits in every run on two threads, though hundreds of rows add to one", async () => {
    const [count, width] = [2048, 64];
    const table = input("table", "y e", [8, width], "float32");
    const ids = constant(
      integers(
        "n",
        [count],
        Array.from({ length: count }, (_, at) => (at * at) % 5),
      ),
    );
    const weights = floats("float32", "n e", [count, width], new Float32Array(count * width));
    stream(0, "gather").fillNormal(weights.cells, 0, 0, 0);
    const [slope] = gradient(sum(multiply(gather(table, ids, "n e"), constant(weights)), ""), [table]);
    const program = await Program.compile({ slope: slope! }, { device: "cpu", threads: 2, fixed: new Map() });
    const first = await runProgram(program, new Map());
    for (let run = 0; run < 20; run++)
      expectSameBits(`run ${run}`, (await runProgram(program, new Map())).slope!, first.slope!);
    program.release();
  });
});

describe("errors", () => {
  const table = input("table", "y e", [3, 2], "float32");
  const ids = input("ids", "b n", [1, 2], "int32");

  it("show the table and the axes that were asked for", () => {
    expect(() => gather(table, ids, "b e n")).toThrow(
      'gather: expected a table of two axes or more and "b n e", got [y=3 e=2] and "b e n"',
    );
    expect(() => gather(input("row", "y", [3], "float32"), ids, "b n")).toThrow("expected a table of two axes or more");
  });

  it("an id past the table stops the run", async () => {
    const feeds = named({
      table: floats("float32", "y e", [3, 2], [1, 2, 3, 4, 5, 6]),
      ids: integers("b n", [1, 2], [0, 3]),
    });
    await expect(evaluate({ rows: gather(table, ids, "b n e") }, { ...plainly, feeds })).rejects.toThrow("out of");
  });
});

gradientsOf(ops, {
  gather: [
    (float) => gather(float("table", "y e", [5, 3]), constant(integers("b n", [2, 3], [1, 4, 1, 1, 0, 4])), "b n e"),
    (float) => gather(float("table", "u e j", [3, 2, 4]), constant(integers("b", [4], [2, 0, 2, 2])), "b e j"),
    (float) => gather(float("table", "n f", [3, 2]), constant(integers("i", [4], [2, 2, 2, 0])), "i f"),
  ],
});
