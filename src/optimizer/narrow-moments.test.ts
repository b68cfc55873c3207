import { describe, expect, it, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { Bfloat16Cells } from "./bfloat16-cells.ts";
import { Float8Cells } from "./float8-cells.ts";
import { NarrowMoments } from "./narrow-moments.ts";
import { Packed } from "./packed.ts";
import { packedGroups } from "./packed-layout.ts";
import { type StateIn, stateOf } from "./state.ts";
import { Updater } from "./update.ts";

const narrowForms = ["bf16", "fp8"] as const;
const least = () => 0;
const most = () => 0xffffffff;

/** Values as they come back. */
function kept(cells: Bfloat16Cells | Float8Cells, values: readonly number[], random: (() => number) | null): number[] {
  cells.narrow(Float32Array.from(values), 0, random);
  const out = new Float32Array(values.length);
  cells.widen(out, 0);
  return [...out];
}

test("between two numbers of bf16 the upper one is taken as often as the value is near it, on both sides of 0", () => {
  const cells = new Bfloat16Cells(2);
  // Numbers from 1 on stand 2⁻⁷ apart; this is a quarter of the way.
  const value = 1 + 2 ** -9;
  const words = [0, 0.25, 0.5, 0.75].map((share) => share * 2 ** 32);
  const found = words.map((word) => kept(cells, [value, -value], () => word));
  expect(found).toEqual([...Array(3).fill([1, -1]), [1 + 2 ** -7, -1 - 2 ** -7]]);
  expect(kept(cells, [1.5, 0], most)).toEqual([1.5, 0]);
});

test("8-bit means of gradients are 8 to a binade below the largest of their block, on both sides of 0", () => {
  const block = [1, 0.3, -0.3, 2 ** -14, 2 ** -15 + 2 ** -19, 0];
  // 0.25 · (1 + 1/8) and 0.25 · (1 + 2/8); below 2⁻¹⁴ steps of 2⁻¹⁷: 4 and 5 of them.
  expect(kept(new Float8Cells(6, "first"), block, least)).toEqual([1, 0.28125, -0.28125, 2 ** -14, 2 ** -15, 0]);
  expect(kept(new Float8Cells(6, "first"), block, most)).toEqual([1, 0.3125, -0.3125, 2 ** -14, 5 * 2 ** -17, 0]);
});

test("8-bit means of squares are 16 to a binade, and what is not 0 does not become 0", () => {
  const block = [1, 0.3, 2 ** -30, 0];
  // 0.25 · (1 + 3/16) and 0.25 · (1 + 4/16); the least step is 2⁻¹⁸.
  expect(kept(new Float8Cells(4, "second"), block, least)).toEqual([1, 0.296875, 2 ** -18, 0]);
  expect(kept(new Float8Cells(4, "second"), block, most)).toEqual([1, 0.3125, 2 ** -18, 0]);
});

test("the largest of a block may be rounded to the next power of two, by which the others are then rounded", () => {
  const block = [1.99, 2 ** -14, 3 * 2 ** -18];
  expect(kept(new Float8Cells(3, "first"), block, least)).toEqual([1.875, 2 ** -14, 2 ** -17]);
  // Steps are twice as long beside a largest of 2.
  expect(kept(new Float8Cells(3, "first"), block, most)).toEqual([2, 2 ** -14, 2 ** -16]);
});

test("blocks have scales of their own, down to a least one", () => {
  const values = [...Array(32).fill(1e-3), ...Array(32).fill(1e-20), ...Array(32).fill(1e-38)];
  const found = kept(new Float8Cells(96, "first"), values, least);
  expect(found[0]! / 1e-3).toBeGreaterThan(8 / 9);
  expect(found[32]! / 1e-20).toBeGreaterThan(8 / 9);
  expect(found[64]).toBe(0);
});

test("numbers of a form come back as they are", () => {
  for (const moment of ["first", "second"] as const) {
    const cells = new Float8Cells(1024, moment);
    const values = Float32Array.from(
      { length: 1024 },
      (_, at) => 2 ** -(at % 23) * (moment === "first" && at % 2 ? -1 : 1) * (1 + (at % 16) / 16),
    );
    cells.narrow(values, 0, () => 0x9e3779b9);
    const [once, twice] = [new Float32Array(1024), new Float32Array(1024)];
    cells.widen(once, 0);
    cells.narrow(once, 0, null);
    cells.widen(twice, 0);
    expect([...twice]).toEqual([...once]);
  }
});

test("a block is not begun in its middle", () => {
  expect(() => new Float8Cells(64, "first").widen(new Float32Array(8), 8)).toThrow(
    "Float8Cells: expected the first cell of a block of 32, got cell 8",
  );
});

const width = 4096;
const cellsOf = (cells: Float32Array) => new Map([["w", new HostArray("i", [width], "float32", cells)]]);

/** AdamW on gradients that depend on the weights, with moments in a form. */
async function optimized(
  form: "float32" | (typeof narrowForms)[number],
  { betas, steps, rate, gradientAt }: Descent,
): Promise<{ readonly weights: Float32Array; readonly second: Float32Array; readonly first: Float32Array }> {
  const optimizer = { betas, epsilon: 1e-8, weightDecay: 0, clip: 1e9, ema: null } as const;
  const fresh = stateOf(cellsOf(new Float32Array(width)), new Set(["w"]), false);
  const updater = await Updater.compile([{ name: "w", axes: "i", shape: [width] }], optimizer, {
    device: "cpu",
    threads: 1,
  });
  const span = { start: 0, end: packedGroups(fresh.trained.length).length };
  const narrow = (moment: "first" | "second") =>
    form === "float32"
      ? Packed.zerosLike(fresh.trained)
      : NarrowMoments.zeros({ form, moment, seed: 1, length: fresh.trained.length, span });
  let state: StateIn<HostArray<string, "float32">, Packed, Packed | NarrowMoments, Packed> = {
    ...fresh,
    ema: null,
    first: narrow("first"),
    second: narrow("second"),
  };
  for (let step = 0; step < steps; step++) {
    const gradient = Packed.copyOf(cellsOf(gradientAt(step, state.trained.get("w")!.cells)));
    ({ state } = await updater.step<HostArray<string, "float32">, Packed, Packed | NarrowMoments, Packed>(
      state,
      gradient,
      rate(step),
    ));
  }
  updater.release();
  const values = (moments: Packed | NarrowMoments) => {
    if (moments instanceof Packed) return moments.get("w")!.cells;
    const out = new Float32Array(moments.length);
    moments.widen(out);
    return out.subarray(0, width);
  };
  return { weights: state.trained.get("w")!.cells, first: values(state.first), second: values(state.second) };
}

interface Descent {
  readonly betas: readonly [number, number];
  readonly steps: number;
  readonly rate: (step: number) => number;
  readonly gradientAt: (step: number, weights: Float32Array) => Float32Array;
}

const mean = (cells: Float32Array) => cells.reduce((sum, cell) => sum + cell, 0) / cells.length;

describe.each(narrowForms)("moments in %s", (form) => {
  it("fall on average as they do in float32, by steps of which each is less than half the distance of two numbers", async () => {
    // Of bf16, numbers below 1 stand 2⁻⁸ apart: rounded to the nearer one, 0.999 is 1, for ever.
    expect(Math.round(0.999 * 2 ** 8) / 2 ** 8).toBe(1);
    const gradientAt = (step: number) => new Float32Array(width).fill(step === 0 ? 1 : 0);
    const { first, second } = await optimized(form, { betas: [0.99, 0.999], steps: 501, rate: () => 0, gradientAt });
    // After the first step they are 0.01 and 0.001. Of 4,096 cells the mean is within 2 % : each is within its own value or so.
    expect(Math.abs(mean(first) / (0.01 * 0.99 ** 500) - 1)).toBeLessThan(0.06);
    expect(Math.abs(mean(second) / (0.001 * 0.999 ** 500) - 1)).toBeLessThan(0.02);
  });

  it("bring noisy gradients as near to the least loss as float32 does", async () => {
    const aim = new Float32Array(width);
    stream(4, "aim").fillNormal(aim, 0, 0, 0);
    const noise = new Float32Array(width);
    const gradientAt = (step: number, weights: Float32Array) => {
      stream(4, "noise").fillNormal(noise, step, 0, 0);
      // Cells of other sizes stand side by side: the gradient of one is 30 times that of another.
      return weights.map((weight, at) => 30 ** ((at % 8) / 7) * (weight - aim[at]! + 0.5 * noise[at]!));
    };
    const rate = (step: number) => 0.02 * (1 - step / 600);
    const descent = { betas: [0.9, 0.999], steps: 600, rate, gradientAt } as const;
    const loss = ({ weights }: { readonly weights: Float32Array }) =>
      mean(weights.map((weight, at) => (weight - aim[at]!) ** 2));
    const [narrow, wide] = [loss(await optimized(form, descent)), loss(await optimized("float32", descent))];
    expect(wide).toBeLessThan(0.01);
    expect(Math.abs(narrow / wide - 1)).toBeLessThan(0.05);
  });
});
