import { expect, it } from "vitest";
import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { silu } from "../graph/op/activation.ts";
import { einsum } from "../graph/op/einsum.ts";
import { add, multiply, offset, scale } from "../graph/op/elementwise.ts";
import { rename } from "../graph/op/shape.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { integrate } from "./integrate.ts";
import type { FlowInput } from "./path.ts";
import { embedTime } from "./time.ts";

/** One row of one step and three slots, of which the middle one is not real. */
const noiseWith = (unreal: number) =>
  SymbolicPadded.of(
    constant(new HostArray("b t d", [1, 1, 3], "float32", Float32Array.of(1, unreal, -2))),
    SymbolicValidity.complete("b t d", [1, 1, 3]).reshaped(() =>
      constant(new HostArray("b t d", [1, 1, 3], "bool", Uint8Array.of(1, 0, 1))),
    ),
  );
const noise = noiseWith(Number.NaN);
const settings = {
  steps: 10,
  embedding: { kind: "continuous", width: 4 },
  timeDirection: "noise-at-one",
  unrealInput: "zero",
  rules: Rules.all,
} as const;

const lastOnly = Float32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1);

it("Euler steps of v = x give 0.9¹⁰ of the noise, and 0 in unreal cells", async () => {
  const actions = integrate(noise, ({ noisy }) => noisy, settings);
  const { cells } = await evaluate({ cells: actions }, plainly);
  expect(cells[0]).toBeCloseTo(0.9 ** 10, 6);
  expect(cells[2]).toBeCloseTo(-2 * 0.9 ** 10, 6);
  expect(cells[1]).toBe(0);
});

it("where noise stands at zero the steps go forwards: v = −x gives 0.9¹⁰ as well, at times 0, 0.1, …", async () => {
  const forwards = { ...settings, timeDirection: "noise-at-zero" } as const;
  const { cells } = await evaluate({ cells: integrate(noise, ({ noisy }) => scale(noisy, -1), forwards) }, plainly);
  expect(cells[0]).toBeCloseTo(0.9 ** 10, 6);
  expect(cells[1]).toBe(0);
  // The last of the cosines has the longest period: 4.
  const ofTime = ({ timeEmbedding }: FlowInput) =>
    einsum("b t e, e d -> b t d", timeEmbedding, constant(new HostArray("e d", [4, 3], "float32", lastOnly)));
  const found = await evaluate({ cells: integrate(noise, ofTime, forwards) }, plainly);
  const sum = Array.from({ length: 10 }, (_, step) => Math.cos((2 * Math.PI * step) / 40)).reduce((a, b) => a + b, 0);
  expect(found.cells[0]).toBeCloseTo(1 + sum / 10, 6);
});

it("steps that are given are held there at the time of data, and 0 in unreal cells; the others go on at their own times", async () => {
  // Two steps of two slots; the first step is given, and its second slot does not exist.
  const real = Uint8Array.of(1, 0, 1, 1);
  const padded = (cells: number[]) =>
    SymbolicPadded.of(
      constant(new HostArray("b t d", [1, 2, 2], "float32", Float32Array.from(cells))),
      SymbolicValidity.complete("b t d", [1, 2, 2]).reshaped(() =>
        constant(new HostArray("b t d", [1, 2, 2], "bool", real)),
      ),
    );
  // At each step the last cosine of its time, whose period is 4: 1 at the time of data, 0.
  const weight = constant(new HostArray("e d", [4, 2], "float32", Float32Array.of(0, 0, 0, 0, 0, 0, 1, 1)));
  const toSecond = constant(new HostArray("t u", [2, 2], "float32", Float32Array.of(0, 1, 0, 0)));
  const [first, second] = [Float32Array.of(1, 0, 1, 0), Float32Array.of(0, 1, 0, 1)].map((cells) =>
    constant(new HostArray("b t d", [1, 2, 2], "float32", cells)),
  );
  // The second step's first slot moves by what is held in the first step, its second slot by the cosine of its own time.
  const velocity = ({ noisy, timeEmbedding }: FlowInput) => {
    const cosine = einsum("b t e, e d -> b t d", timeEmbedding, weight);
    const held = rename(einsum("b t d, t u -> b u d", multiply(noisy, cosine), toSecond), "u", "t");
    return add(multiply(held, first!), multiply(cosine, second!));
  };
  const isHeld = constant(new HostArray("b t", [1, 2], "bool", Uint8Array.of(1, 0)));
  const carried = { kind: "frozen", actions: padded([3, Number.NaN, Number.NaN, Number.NaN]), isHeld } as const;
  const { cells } = await evaluate(
    { cells: integrate(padded([5, Number.NaN, 1, 2]), velocity, { ...settings, carried }) },
    plainly,
  );
  expect([cells[0], cells[1]]).toEqual([3, 0]);
  expect(cells[2]).toBeCloseTo(1 - 3, 5);
  const cosines = Array.from({ length: 10 }, (_, step) => Math.cos((2 * Math.PI * (1 - step / 10)) / 4));
  expect(cells[3]).toBeCloseTo(2 - cosines.reduce((sum, one) => sum + one, 0) / 10, 5);
});

it("a velocity that is wrong in unreal cells does not move them", async () => {
  const actions = integrate(noise, ({ noisy }) => offset(scale(noisy, 0), 1e30), settings);
  const { cells } = await evaluate({ cells: actions }, plainly);
  expect(cells[1]).toBe(0);
});

it("the steps are those written one after the other, to the bit, each at its own time", async () => {
  const cells = Float32Array.from({ length: 60 }, (_, at) => Math.sin(3.1 * at));
  const start = constant(new HostArray("b t d", [2, 10, 3], "float32", cells));
  const weight = constant(new HostArray("e d", [8, 3], "float32", Float32Array.from(cells.subarray(0, 24))));
  const velocity = ({ noisy, timeEmbedding }: FlowInput) =>
    silu(add(multiply(noisy, noisy), einsum("b t e, e d -> b t d", timeEmbedding, weight)));
  const complete = SymbolicPadded.of(start, SymbolicValidity.complete("b t d", [2, 10, 3]));
  let unrolled: SymbolicArray<"b t d"> = start;
  for (let step = 0; step < 10; step++) {
    const time = new HostArray("b t", [2, 10], "float32", new Float32Array(20).fill(1 - step / 10));
    const change = velocity({ noisy: unrolled, timeEmbedding: constant(embedTime(time, 8)) });
    unrolled = add(unrolled, scale(change, -1 / 10));
  }
  const looped = integrate(complete, velocity, { ...settings, embedding: { kind: "continuous", width: 8 } });
  const found = await evaluate({ looped, unrolled }, plainly);
  expectSameBits("actions", found.looped, found.unrolled);
});

it("without its guard NaN would come out", async () => {
  const rules = Rules.without("inference-side");
  const { cells } = await evaluate({ cells: integrate(noise, ({ noisy }) => noisy, { ...settings, rules }) }, plainly);
  expect(cells[1]).toBeNaN();
});

it("weights that were trained with noise in unreal cells are served with it there, all the way", async () => {
  const served = { ...settings, unrealInput: "noise" } as const;
  const { cells } = await evaluate({ cells: integrate(noiseWith(3), ({ noisy }) => noisy, served) }, plainly);
  expect(cells[1]).toBeCloseTo(3 * 0.9 ** 10, 5);
});
