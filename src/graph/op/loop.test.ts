import { describe, expect, it } from "vitest";
import { constant, input, type SymbolicArray } from "../array.ts";
import { gradient } from "../gradient.ts";
import { type Arrays, HostArray } from "../host-array.ts";
import { GraphLowering } from "../lowering.ts";
import { expectSameBits } from "../testing/bits.ts";
import { bits, evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { geluTanh } from "./activation.ts";
import { alignTo, sum } from "./align.ts";
import { einsum } from "./einsum.ts";
import { add, multiply, scale } from "./elementwise.ts";
import * as ops from "./loop.ts";
import { less, select } from "./select.ts";
import { concat, merge, slice, split } from "./shape.ts";

const { loop, loopAll } = ops;
const x = constant(floats("float32", "b d", [2, 3], [1, 2, 3, 4, 5, 6]));
const table = floats("float32", "i d", [2, 3], [1, 1, 1, 2, 2, 2]);
const plain = (values: readonly number[]) => floats("float32", "d", [3], values);

describe("a loop", () => {
  it("carries an array through its turns, each with its row of the table, by hand", async () => {
    const gain = alignTo(constant(plain([1, 10, 100])), x);
    const turned = loop(x, table, (carried, row) => add(add(scale(carried, 2), alignTo(row, x)), gain));
    // 2 · (2 · 1 + 1 + 1) + 2 + 1 = 11.
    expect([...(await evaluate({ turned }, plainly)).turned]).toEqual([11, 42, 316, 23, 54, 328]);
  });

  it("gives the bits of its turns written one after the other", async () => {
    const values = (count: number, step: number) => Array.from({ length: count }, (_, at) => Math.sin(step * at));
    const weight = input("weight", "d e", [16, 16], "float32");
    const bias = input("bias", "e", [16], "float32");
    const real = alignTo(constant(bits("b", [4], [1, 0, 1, 1])), {
      axes: "b d",
      shape: [4, 16],
      type: "bool",
    } as const);
    const start = constant(floats("float32", "b d", [4, 16], values(64, 0.7)));
    const rows = floats("float32", "i d", [5, 16], values(80, 1.3));
    const turn = (carried: SymbolicArray<"b d">, row: SymbolicArray<"d">) => {
      const wide = einsum("b d, d e -> b e", add(carried, alignTo(row, carried)), weight);
      const bent = geluTanh(add(wide, alignTo(bias, wide)));
      const back = einsum("b e, d e -> b d", bent, weight);
      const halves = merge(split(back, "d", "r d", [2, 8]), "r d", "d");
      return select(real, halves, 0);
    };
    let unrolled: SymbolicArray<"b d"> = start;
    for (let at = 0; at < 5; at++)
      unrolled = turn(
        unrolled,
        constant(floats("float32", "d", [16], [...rows.cells.subarray(16 * at, 16 * at + 16)])),
      );
    const weights: Arrays = new Map<string, HostArray<string>>([
      [
        "weight",
        floats(
          "float32",
          "d e",
          [16, 16],
          values(256, 0.31).map((value) => value / 4),
        ),
      ],
      ["bias", floats("float32", "e", [16], values(16, 0.9))],
    ]);
    for (const [feeds, fixed] of [
      [weights, new Map()],
      [new Map(), weights],
    ] as const) {
      const outputs = { looped: loop(start, rows, turn), unrolled };
      const found = await evaluate(outputs, { feeds, threads: 2, fixed });
      expectSameBits("a loop", found.looped, found.unrolled);
      expect(found.looped.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    }
  });

  it("reads values that are outputs too, that a loop before it made, and inputs as they come", async () => {
    const doubled = scale(x, 2);
    const first = loop(doubled, table, (carried, row) => multiply(carried, alignTo(row, carried)));
    const second = loop(x, table, (carried) => add(carried, add(first, doubled)));
    const kept = loop(doubled, table, (carried) => carried);
    const last = loop(x, table, (_, row) => alignTo(row, x));
    const found = await evaluate({ doubled, first, second, kept, last, part: slice(second, "d", 1, 2) }, plainly);
    expect([...found.doubled]).toEqual([2, 4, 6, 8, 10, 12]);
    expect([...found.first]).toEqual([4, 8, 12, 16, 20, 24]);
    expect([...found.second]).toEqual([13, 26, 39, 52, 65, 78]);
    expect([...found.kept]).toEqual([2, 4, 6, 8, 10, 12]);
    expect([...found.last]).toEqual([2, 2, 2, 2, 2, 2]);
    expect([...found.part]).toEqual([26, 65]);
  });

  it("may stand inside another", async () => {
    const turned = loop(x, table, (outer, row) => loop(outer, table, (inner) => add(inner, alignTo(row, inner))));
    expect([...(await evaluate({ turned }, plainly)).turned]).toEqual([7, 8, 9, 10, 11, 12]);
  });

  it("computes what does not change in it once, around it", () => {
    const heavy = einsum("b d, b d -> b", x, x);
    const turned = loop(x, table, (carried) => add(carried, alignTo(heavy, carried)));
    const { nodes } = new GraphLowering(new Map()).graph(new Map([["turned", turned]]));
    const body = nodes.find(({ operator }) => operator === "Loop")?.attributes.body;
    const inside = body !== undefined && "graph" in body ? body.graph.nodes.map(({ operator }) => operator) : [];
    expect(inside).toEqual(["Add", "Identity", "Identity"]);
  });

  it("is refused where its body changes the form of what it carries", () => {
    expect(() => loop(x, table, (carried) => slice(carried, "d", 0, 2))).toThrow(
      "loop: expected the body to keep float32 [b=2 d=3], got float32 [b=2 d=2]",
    );
    mustNotCompile(() => {
      // @ts-expect-error a body that gives other axes
      loop(x, table, (_, row) => row);
    });
  });
});

const pair = floats("float32", "b d", [2, 3], [0.5, 1, 2, -1, 0.2, 3]);

describe("a loop of several arrays", () => {
  const count = constant(plain([0, 0, 0]));

  it("makes each anew from all of them, by hand", async () => {
    const [total, rows] = loopAll([x, count], table, ([own, seen], row) => ({
      carried: [add(own, alignTo(seen, own)), add(seen, row)],
      goesOn: null,
    }));
    // The first turn adds 0, the second what the first has seen.
    expect(await evaluate({ total, rows }, plainly)).toEqual({
      total: Float64Array.of(2, 3, 4, 5, 6, 7),
      rows: Float64Array.of(3, 3, 3),
    });
  });

  it("ends where a turn says so, with what that turn made", async () => {
    const ones = floats("float32", "i d", [9, 3], Array<number>(27).fill(1));
    const [found] = loopAll([count], ones, ([own], row) => {
      const more = add(own, row);
      return { carried: [more], goesOn: less(sum(more, ""), constant(floats("float32", "", [], [6]))) };
    });
    expect([...(await evaluate({ found }, plainly)).found]).toEqual([2, 2, 2]);
  });

  it("is refused where its body gives fewer", () => {
    const two: readonly SymbolicArray<"b d">[] = [x, x];
    expect(() => loopAll(two, table, () => ({ carried: [x], goesOn: null }))).toThrow(
      "loop: expected the body to keep 2 arrays, got 1",
    );
  });
});

describe("rows in parts", () => {
  const values = (count: number, step: number) => Array.from({ length: count }, (_, at) => Math.sin(step * at));
  const rows = constant(floats("float32", "b d", [6, 4], values(24, 0.7)));
  const real = constant(bits("b", [6], [1, 0, 1, 1, 0, 1]));
  const weight = constant(floats("float32", "d e", [4, 3], values(12, 0.3)));
  const made = ([some, isReal]: readonly [SymbolicArray<"b d">, SymbolicArray<"b", "bool">]) => {
    const wide = einsum("b d, d e -> b e", select(alignTo(isReal, some), some, 0), weight);
    return geluTanh(wide);
  };

  it("are what the parts make, end to end, to the bit", async () => {
    const parts = [0, 2, 4].map((at) => made([slice(rows, "b", at, at + 2), slice(real, "b", at, at + 2)]));
    const outputs = { looped: ops.inParts([rows, real], 2, made), unrolled: concat("b", parts) };
    const found = await evaluate(outputs, plainly);
    expectSameBits("parts", found.looped, found.unrolled);
    expect(found.looped.filter((cell) => cell === 0)).toHaveLength(6);
  });

  it("go into an array of whole numbers as well, by hand", async () => {
    const ids = constant(new HostArray("b", [4], "int32", Int32Array.of(3, 1, 4, 1)));
    const seen = ops.inParts([ids], 1, ([id]) => id);
    expect([...(await evaluate({ seen }, plainly)).seen]).toEqual([3, 1, 4, 1]);
  });

  it("are refused where parts are not equal, or make other numbers of rows", () => {
    expect(() => ops.inParts([rows, real], 4, made)).toThrow(
      "inParts: expected arrays in parts of 4 rows, got [b=6 d=4], [b=6]",
    );
    expect(() => ops.inParts([rows], 2, ([some]) => slice(some, "b", 0, 1))).toThrow(
      "inParts: expected 2 rows of the body, got [b=1 d=4]",
    );
  });
});

gradientsOf(ops, {
  inParts: { without: "what trains is computed of all rows" },
  loopAll: { without: "sampling follows no gradient; a turn has those of the ops in it" },
  loop: { without: "sampling follows no gradient; a turn has those of the ops in it" },
});

it("a gradient through a loop is refused, and one around it is not", () => {
  const carried = constant(pair);
  const turned = loop(carried, table, (own, row) => add(own, alignTo(row, own)));
  expect(() => gradient(sum(turned, ""), [carried])).toThrow("loop: carries no gradient; differentiate a single turn");
  const beside = constant(pair);
  expect(() => gradient(sum(multiply(beside, turned), ""), [beside])).not.toThrow();
});
