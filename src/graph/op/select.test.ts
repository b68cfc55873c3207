import { describe, expect, it } from "vitest";
import { constant, input, type SymbolicArray } from "../array.ts";
import { gradient } from "../gradient.ts";
import { HostArray } from "../host-array.ts";
import { expectSameBits } from "../testing/bits.ts";
import { expectClose } from "../testing/close.ts";
import { bits, evaluate, floats, integers, named, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { alignTo, sum } from "./align.ts";
import { einsum } from "./einsum.ts";
import { multiply, square } from "./elementwise.ts";
import * as ops from "./select.ts";

const { and, cast, equal, less, lessOrEqual, not, or, select, selectAny, where } = ops;
const exact = { absolute: 0, relative: 0, because: "small integers" };
const real = constant(bits("b", [3], [1, 0, 1]));

describe("select", () => {
  it.each(["float32", "float64"] as const)("takes the constant where the mask is false, in %s", async (type) => {
    const x = constant(floats(type, "b d", [3, 2], [1, 2, Number.NaN, Number.POSITIVE_INFINITY, 5, 6]));
    expectClose("selected", (await evaluate({ y: select(real, x, -7) }, plainly)).y, [1, 2, -7, -7, 5, 6], exact);
  });

  it("takes token ids and pixels as well", async () => {
    const ids = select(real, constant(integers("b n", [3, 1], [4, 99999, 6])), 0);
    const pixels = select(real, constant(new HostArray("b c", [3, 1], "uint8", Uint8Array.of(4, 255, 6))), 0);
    const found = await evaluate({ ids, pixels }, plainly);
    expect([...found.ids]).toEqual([4, 0, 6]);
    expect([...found.pixels]).toEqual([4, 0, 6]);
  });

  it("refuses truth values, for which there is and, or", () => {
    expect(() => selectAny(real, real, 0)).toThrow("select: expected numbers, got bool; use and, or");
  });

  it("names both arrays where the mask does not fit", () => {
    expect(() => select(real, constant(floats("float32", "b d", [2, 1], [1, 2])), 0)).toThrow(
      "expected the axes of [b=3] within [b=2 d=1]",
    );
  });
});

describe("what is not real reaches nothing", () => {
  const x = input("x", "b d", [3, 2], "float32");
  const weight = input("weight", "d e", [2, 2], "float32");
  const clean = [1, 2, 3, 4, 5, 6];
  /** Loss and gradients of a projection of what a guard lets through. */
  const run = async (guard: (cells: SymbolicArray<"b d">) => SymbolicArray<"b d">, unreal: number) => {
    const loss = sum(square(einsum("b d, d e -> b e", guard(x), weight)), "");
    const [ofX, ofWeight] = gradient(loss, [x, weight]);
    const cells = clean.map((cell, at) => (at === 2 || at === 3 ? unreal : cell));
    const feeds = named({
      x: floats("float32", "b d", [3, 2], cells),
      weight: floats("float32", "d e", [2, 2], [1, -2, 3, 0.5]),
    });
    return evaluate({ loss, ofX: ofX!, ofWeight: ofWeight! }, { ...plainly, feeds });
  };
  const guarded = (cells: SymbolicArray<"b d">) => select(real, cells, 0);
  const whereGuarded = (cells: SymbolicArray<"b d">) => {
    const zero = constant(floats("float32", "b d", [3, 2], new Float32Array(6)));
    return where(alignTo(real, cells), cells, zero);
  };
  const multiplied = (cells: SymbolicArray<"b d">) => multiply(cells, alignTo(cast(real, "float32"), cells));

  it.each([
    ["select", guarded],
    ["where", whereGuarded],
  ] as const)("behind %s NaN, infinities and 1e30 change no bit of a loss or a gradient", async (_, guard) => {
    const before = await run(guard, 3);
    for (const poison of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30]) {
      const after = await run(guard, poison);
      for (const output of ["loss", "ofX", "ofWeight"] as const)
        expectSameBits(`${output} with ${poison}`, after[output], before[output]);
    }
    expectSameBits("gradient of unreal cells", before.ofX.slice(2, 4), [0, 0]);
  });

  it("the trap can fail: a product with the mask in its place lets NaN into the loss and the weight's gradient", async () => {
    expect((await run(multiplied, 3)).loss[0]).toBe((await run(guarded, 3)).loss[0]);
    const after = await run(multiplied, Number.NaN);
    expect(after.loss[0]).toBeNaN();
    expect(after.ofWeight[0]).toBeNaN();
  });
});

describe("where", () => {
  it("takes each cell from one side", async () => {
    const mask = constant(bits("b", [3], [1, 0, 1]));
    const [x, y] = [
      constant(floats("float32", "b", [3], [1, 2, 3])),
      constant(floats("float32", "b", [3], [-1, -2, -3])),
    ];
    expectClose("where", (await evaluate({ z: where(mask, x, y) }, plainly)).z, [1, -2, 3], exact);
  });

  it("refuses a mask of another size: nothing is repeated in silence", () => {
    const x = input("x", "b n", [2, 3], "float32");
    expect(() => where(input("mask", "b n", [2, 1], "bool"), x, x)).toThrow(
      "where: expected a mask of [b=2 n=3], got [b=2 n=1]; use alignTo",
    );
  });
});

describe("truth values", () => {
  const [x, y] = [constant(bits("b", [4], [1, 1, 0, 0])), constant(bits("b", [4], [1, 0, 1, 0]))];

  it.each([
    ["and", and(x, y), [1, 0, 0, 0]],
    ["or", or(x, y), [1, 1, 1, 0]],
    ["not", not(x), [0, 0, 1, 1]],
    ["equal", equal(x, y), [1, 0, 0, 1]],
  ] as const)("%s", async (_, z, expected) => {
    expect([...(await evaluate({ z }, plainly)).z]).toEqual(expected);
  });

  it.each(["float32", "float64"] as const)("comparisons in %s; NaN is neither less nor equal", async (type) => {
    const one = constant(floats(type, "b", [4], [1, 2, 3, Number.NaN]));
    const other = constant(floats(type, "b", [4], [2, 2, 2, 2]));
    const found = await evaluate(
      { less: less(one, other), lessOrEqual: lessOrEqual(one, other), equal: equal(one, other) },
      plainly,
    );
    expect([...found.less]).toEqual([1, 0, 0, 0]);
    expect([...found.lessOrEqual]).toEqual([1, 1, 0, 0]);
    expect([...found.equal]).toEqual([0, 1, 0, 0]);
  });

  it("comparisons of integers", async () => {
    const [one, other] = [constant(integers("n", [3], [1, 2, 3])), constant(integers("n", [3], [2, 2, 2]))];
    const found = await evaluate({ less: less(one, other), equal: equal(one, other) }, plainly);
    expect([...found.less]).toEqual([1, 0, 0]);
    expect([...found.equal]).toEqual([0, 1, 0]);
  });
});

it("cast turns truth values and pixels into numbers", async () => {
  const pixels = constant(new HostArray("c", [3], "uint8", Uint8Array.of(0, 128, 255)));
  const found = await evaluate({ real: cast(real, "float32"), pixels: cast(pixels, "float64") }, plainly);
  expect([...found.real]).toEqual([1, 0, 1]);
  expect([...found.pixels]).toEqual([0, 128, 255]);
});

mustNotCompile(() => {
  const x = input("x", "b n", [2, 3], "float32");
  const other = input("mask", "t", [3], "bool");
  // @ts-expect-error A mask of other axes.
  select(other, x, 0);
  // @ts-expect-error A mask whose axes stand in another order.
  select(input("mask", "n b", [3, 2], "bool"), x, 0);
  // @ts-expect-error Numbers are no mask.
  select(x, x, 0);
  // @ts-expect-error A mask over some of the axes is aligned first.
  where(input("mask", "b", [2], "bool"), x, x);
  // @ts-expect-error Two precisions.
  where(input("mask", "b n", [2, 3], "bool"), x, input("y", "b n", [2, 3], "float64"));
  // @ts-expect-error Truth values have no order.
  less(other, other);
  // @ts-expect-error Different axes.
  and(other, input("mask", "b", [3], "bool"));
});

const mask = bits("b n", [2, 3], [1, 0, 1, 0, 0, 1]);
const whole = constant(mask);

gradientsOf(ops, {
  select: [
    (float) => select(whole, float("x", "b n", [2, 3]), 2),
    (float) => select(constant(bits("n", [3], [0, 1, 1])), float("x", "b n", [2, 3]), 0),
  ],
  selectAny: [(float) => selectAny(whole, float("x", "b n", [2, 3]), 0)],
  where: [(float) => where(whole, float("x", "b n", [2, 3]), float("y", "b n", [2, 3]))],
  cast: [
    (float) => {
      const x = float("x", "b n", [2, 3]);
      return cast(cast(x, "float64"), x.type);
    },
  ],
  and: { without: "a truth value" },
  or: { without: "a truth value" },
  not: { without: "a truth value" },
  equal: { without: "a truth value" },
  less: { without: "a truth value" },
  lessOrEqual: { without: "a truth value" },
});
