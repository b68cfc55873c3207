import { describe, expect, it } from "vitest";
import { constant, input } from "../array.ts";
import { GraphLowering } from "../lowering.ts";
import { stream } from "../random.ts";
import { expectClose } from "../testing/close.ts";
import { bits, evaluate, floats, integers, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import * as ops from "./rope.ts";

const { axisPositions, realPositions, rope } = ops;

const [b, n, a, f] = [2, 3, 2, 8];
const positions = [0, 1, 7, 311, 2, 2];
/** Of six tokens: in time, of their row, of their column. */
const threeAxes = [0, 0, 0, 1, 3, 2, 7, 8, 9, 311, 5, 311, 2, 2, 2, 2, 0, 40];
const options = { base: 10_000, limit: 312 };
const values = new Float32Array(b * n * a * f);
stream(0, "rope").fillNormal(values, 0, 0, 0);

describe.each(["float32", "float64"] as const)("in %s", (type) => {
  it("turns the pair (f, f + F/2) of each head by position · base^(−2f/F)", async () => {
    const x = constant(floats(type, "b n a f", [b, n, a, f], values));
    const { turned } = await evaluate(
      { turned: rope(x, constant(integers("b n", [b, n], positions)), options) },
      plainly,
    );
    const expected = values.map((_, at) => {
      const half = f / 2;
      const place = at % f;
      const pair = place % half;
      const [first, second] = [values[at - place + pair]!, values[at - place + pair + half]!];
      const angle = positions[Math.floor(at / (a * f))]! * options.base ** ((-2 * pair) / f);
      return place < half
        ? first * Math.cos(angle) - second * Math.sin(angle)
        : second * Math.cos(angle) + first * Math.sin(angle);
    });
    expectClose("rope", turned, expected, { absolute: 5e-7, relative: 0, because: "expected values are float32" });
  });

  it("turns pair f by the position along axis f mod 3, where there are three", async () => {
    const x = constant(floats(type, "b n a f", [b, n, a, f], values));
    const { turned } = await evaluate(
      { turned: rope(x, constant(integers("b n r", [b, n, 3], threeAxes)), options) },
      plainly,
    );
    const expected = values.map((_, at) => {
      const [token, place] = [Math.floor(at / (a * f)), at % f];
      const pair = place % 4;
      const [first, second] = [values[at - place + pair]!, values[at - place + pair + 4]!];
      // Eight cells are four pairs: time has the first and the last, a row the second, a column the third.
      const angle = threeAxes[3 * token + [0, 1, 2, 0][pair]!]! * [1, 0.1, 0.01, 0.001][pair]!;
      return place < 4
        ? first * Math.cos(angle) - second * Math.sin(angle)
        : second * Math.cos(angle) + first * Math.sin(angle);
    });
    expectClose("rope", turned, expected, { absolute: 5e-7, relative: 0, because: "expected values are float32" });
  });

  it("is the same along three axes, to the bit, where a token stands at one position on all of them", async () => {
    const x = constant(floats(type, "b n a f", [b, n, a, f], values));
    const thrice = positions.flatMap((position) => [position, position, position]);
    const { one, three } = await evaluate(
      {
        one: rope(x, constant(integers("b n", [b, n], positions)), options),
        three: rope(x, constant(integers("b n r", [b, n, 3], thrice)), options),
      },
      plainly,
    );
    expect([...three]).toEqual([...one]);
  });

  it("leaves position 0 as it is, to the bit", async () => {
    const x = constant(floats(type, "b n a f", [b, n, a, f], values));
    const { turned } = await evaluate(
      { turned: rope(x, constant(integers("b n", [b, n], [0, 0, 0, 0, 0, 0])), options) },
      plainly,
    );
    expectClose("rope", turned, values, { absolute: 0, relative: 0, because: "cos 0 is 1, sin 0 is 0" });
  });
});

it("positions count the real tokens before each, from 0", async () => {
  const real = constant(bits("b n", [3, 5], [1, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0]));
  const { at } = await evaluate({ at: realPositions(real) }, plainly);
  expect([...at]).toEqual([0, 1, 2, 3, 4, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0]);
});

it("positions along axes are what real tokens before a token advance by, and its own offsets", async () => {
  const real = constant(bits("b n", [2, 4], [1, 1, 0, 1, 0, 1, 1, 1]));
  const offsets = [
    [0, 0],
    [0, 1],
    [5, 0],
    [0, 0],
  ];
  const { at } = await evaluate({ at: axisPositions(real, { advances: [1, 3, 10, 1], offsets }) }, plainly);
  expect([...at]).toEqual([0, 0, 1, 2, 9, 4, 4, 4, 0, 0, 0, 1, 8, 3, 13, 13]);
  expect(() => axisPositions(real, { advances: [1, 1], offsets })).toThrow(
    "axisPositions: expected places of 4 tokens, got 2 advances and 4 offsets",
  );
});

it("a position at the limit stops the run, along any axis", async () => {
  const x = constant(floats("float32", "b n a f", [b, n, a, f], values));
  const at = constant(integers("b n", [b, n], [0, 1, 2, options.limit, 0, 1]));
  await expect(evaluate({ turned: rope(x, at, options) }, plainly)).rejects.toThrow("position_ids value 312");
  const column = constant(integers("b n r", [b, n, 3], threeAxes.with(5, options.limit)));
  await expect(evaluate({ turned: rope(x, column, options) }, plainly)).rejects.toThrow("GatherElements");
});

it("all layers share one pair of tables", () => {
  const at = input("positions", "b n", [b, n], "int32");
  const first = rope(input("x", "b n a f", [b, n, a, f], "float32"), at, options);
  const { initializers } = new GraphLowering(new Map()).graph(
    new Map([["y", rope(rope(first, at, options), at, options)]]),
  );
  expect(initializers.filter(({ shape }) => shape[0] === options.limit).map(({ shape }) => shape)).toEqual([
    [options.limit, f / 2],
    [options.limit, f / 2],
  ]);
});

it("an odd head width is refused with its sizes", () => {
  const oddWidth = input("x", "b n a f", [1, 2, 1, 3], "float32");
  expect(() => rope(oddWidth, input("positions", "b n", [1, 2], "int32"), options)).toThrow(
    "rope: expected [b n a f] with an even head width, got [b=1 n=2 a=1 f=3]",
  );
});

mustNotCompile(() => {
  const x = input("x", "b n a f", [1, 2, 1, 4], "float32");
  // @ts-expect-error Keys are renamed after they are turned, not before.
  rope(input("keys", "b k g f", [1, 2, 1, 4], "float32"), input("positions", "b n", [1, 2], "int32"), options);
  // @ts-expect-error Positions are those of tokens.
  return rope(x, input("positions", "b t", [1, 2], "int32"), options);
});

gradientsOf(ops, {
  rope: [
    (float) =>
      rope(float("x", "b n a f", [2, 3, 2, 4]), constant(integers("b n", [2, 3], [0, 1, 5, 2, 2, 9])), {
        base: 100,
        limit: 10,
      }),
    (float) =>
      rope(float("x", "b n a f", [1, 3, 2, 8]), constant(integers("b n r", [1, 3, 3], [0, 1, 5, 2, 2, 9, 4, 0, 7])), {
        base: 100,
        limit: 10,
      }),
  ],
  axisPositions: { without: "counts tokens" },
  realPositions: { without: "counts tokens" },
});
