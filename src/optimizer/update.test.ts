import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Program } from "../graph/program.ts";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { type AdamW, stepRates, updateInputs, updateOutputs } from "./adamw.ts";
import { Packed } from "./packed.ts";
import { packedParts } from "./packed-layout.ts";
import { restoredState, stateOf } from "./state.ts";
import { Updater } from "./update.ts";

const optimizer: AdamW = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.01, clip: 1, ema: 0.99 };
const machine = { device: "cpu", threads: 2 } as const;
const rates = [1e-3, 0, 3e-3];

/** 700 rows are three parts of a buffer, and the second parameter begins inside a row. */
const shapes = new Map([
  ["b.weight", [700, 1024]],
  ["a.bias", [5]],
  ["c.weight", [3, 7]],
]);

function filled(purpose: string, step: number): Map<string, HostArray<string, "float32">> {
  return new Map(
    [...shapes].map(([name, shape]) => {
      const cells = new Float32Array(shape.reduce((product, size) => product * size, 1));
      stream(7, purpose, name).fillNormal(cells, step, 0, 0);
      return [name, new HostArray(shape.length === 1 ? "i" : "i j", shape, "float32", cells)];
    }),
  );
}

/** PyTorch's order: decay, moments, bias correction; in float64, cell by cell. */
function reference(names: readonly string[], steps: number) {
  const values = new Map(names.map((name) => [name, Float64Array.from(filled("weight", 0).get(name)!.cells)]));
  const zeros = () => new Map(names.map((name) => [name, new Float64Array(values.get(name)!.length)]));
  const [first, second, ema] = [zeros(), zeros(), new Map([...values].map(([name, cells]) => [name, cells.slice()]))];
  const norms: number[] = [];
  for (let step = 0; step < steps; step++) {
    const gradients = filled("gradient", step);
    const squares = names.map((name) => gradients.get(name)!.cells.reduce((sum, cell) => sum + cell * cell, 0));
    const norm = Math.sqrt(squares.reduce((sum, part) => sum + part, 0));
    norms.push(norm);
    for (const name of names) {
      const [p, m, v, e] = [values.get(name)!, first.get(name)!, second.get(name)!, ema.get(name)!];
      for (let at = 0; at < p.length; at++) {
        const g = gradients.get(name)!.cells[at]! * Math.min(1, optimizer.clip / norm);
        p[at]! *= 1 - rates[step]! * optimizer.weightDecay;
        m[at] = 0.9 * m[at]! + 0.1 * g;
        v[at] = 0.95 * v[at]! + 0.05 * g * g;
        const deviation = Math.sqrt(v[at]!) / Math.sqrt(1 - 0.95 ** (step + 1)) + optimizer.epsilon;
        p[at]! -= ((rates[step]! / (1 - 0.9 ** (step + 1))) * m[at]!) / deviation;
        e[at] = 0.99 * e[at]! + 0.01 * p[at]!;
      }
    }
  }
  return { values, first, second, ema, norms };
}

test("three steps of AdamW equal PyTorch's formula, and a frozen parameter stays as it is", async () => {
  const names = ["a.bias", "b.weight"];
  let state = stateOf(filled("weight", 0), new Set(names), true);
  const updater = await Updater.compile(formsOf(state.trained), optimizer, machine);
  const norms: number[] = [];
  for (const [step, rate] of rates.entries()) {
    const gradient = Packed.copyOf(new Map([...filled("gradient", step)].filter(([name]) => names.includes(name))));
    const result = await updater.step(state, gradient, rate);
    norms.push(result.norm);
    state = result.state;
  }
  updater.release();
  const expected = reference(names, rates.length);
  expect(state.step).toBe(3);
  expectSameBits("c.weight", state.parameters.get("c.weight"), filled("weight", 0).get("c.weight"));
  // 1e-6: float32 sums of 716,805 squares.
  norms.forEach((norm, step) => {
    expect(Math.abs(norm / expected.norms[step]! - 1)).toBeLessThan(1e-6);
  });
  for (const name of names) {
    // 1e-6 of a step of 1e-3 and of weights around 1: a few roundings of float32.
    expect(largestDifference(state.parameters.get(name)!.cells, expected.values.get(name)!)).toBeLessThan(1e-6);
    expect(largestDifference(state.ema!.get(name)!.cells, expected.ema.get(name)!)).toBeLessThan(1e-6);
    // Moments of clipped gradients are about 1e-3 and 1e-7.
    expect(largestDifference(state.first.get(name)!.cells, expected.first.get(name)!)).toBeLessThan(1e-9);
    expect(largestDifference(state.second.get(name)!.cells, expected.second.get(name)!)).toBeLessThan(1e-12);
  }
});

test("values that move through memory in groups get the bits that one program gives all of them at once", async () => {
  // 11 parts of 256 rows: a group of eight, and one of three whose last part is smaller.
  const random = (purpose: string, step: number) => {
    const cells = new Float32Array(2600 * 1024);
    stream(7, purpose).fillNormal(cells, step, 0, 0);
    return new Map([["w", new HostArray("i j", [2600, 1024], "float32", cells)]]);
  };
  let state = stateOf(random("weight", 0), new Set(["w"]), true);
  const forms = packedParts(2600 * 1024);
  const updater = await Updater.compile(formsOf(state.trained), optimizer, machine);
  const whole = await Program.compile(updateOutputs(updateInputs(forms), optimizer), { ...machine, fixed: new Map() });
  const kinds = ["parameter", "first", "second", "ema"] as const;
  const packed = () => Object.fromEntries(kinds.map((kind) => [kind, Packed.zerosLike(state.trained)]));
  let [from, to] = [packed(), packed()];
  for (const kind of ["parameter", "ema"]) from[kind]!.cells.set(state.trained.cells);
  for (const [step, rate] of rates.entries()) {
    const gradient = Packed.copyOf(random("gradient", step));
    const partsOf = (of: typeof from) =>
      kinds.flatMap((kind) => [...of[kind]!.parts].map(([at, part]) => [`${kind}.${at}`, part] as const));
    const gradients = [...gradient.parts].map(([at, part]) => [`gradient.${at}`, part] as const);
    const norm = new HostArray("", [], "float32", new Float32Array(1));
    const feeds = new Map<string, HostArray<string>>([...partsOf(from), ...gradients]);
    const next = partsOf(to).map(([name, part]) => [`next.${name}`, part] as const);
    await whole.run(
      new Map([...feeds, ...stepRates(optimizer, [rate], step)]),
      new Map<string, HostArray<string>>([["norm", norm], ...next]),
    );
    [from, to] = [to, from];
    const result = await updater.step(state, gradient, rate);
    state = result.state;
    expect(result.norm).toBe(norm.cells[0]);
  }
  whole.release();
  updater.release();
  const own = { parameter: state.trained, first: state.first, second: state.second, ema: state.ema! };
  for (const kind of kinds) expectSameBits(kind, own[kind].cells, from[kind]!.cells);
});

test("a gradient below the largest norm is not changed by clipping", async () => {
  const one = (value: number) => new Map([["w", new HostArray("i", [2], "float32", Float32Array.of(value, 0))]]);
  const state = stateOf(one(1), new Set(["w"]), false);
  const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, ema: null }, machine);
  const { state: next, norm } = await updater.step(state, Packed.copyOf(one(0.5)), 0.1);
  updater.release();
  expect(norm).toBe(0.5);
  // The first step is the rate along the sign: 1 · (1 − 0.1 · 0.01) − 0.1, and a cell without gradient only decays from 0.
  expect(next.parameters.get("w")!.cells[0]).toBeCloseTo(0.899, 6);
  expect(next.parameters.get("w")!.cells[1]).toBe(0);
  expect(next.first.get("w")!.cells[0]).toBeCloseTo(0.05, 8);
  expect(next.second.get("w")!.cells[0]).toBeCloseTo(0.0125, 8);
});

test("each parameter steps at its own share of the rate", async () => {
  const one = (a: number, b: number) =>
    new Map(
      Object.entries({ a, b }).map(([name, cell]) => [name, new HostArray("i", [1], "float32", Float32Array.of(cell))]),
    );
  const state = stateOf(one(1, 1), new Set(["a", "b"]), true);
  const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, rates: { b: 0.1 } }, machine);
  const { state: next, norm } = await updater.step(state, Packed.copyOf(one(0.3, -0.4)), 0.1);
  updater.release();
  expect(norm).toBeCloseTo(0.5, 7);
  const cells = (values: ReadonlyMap<string, HostArray<string>>) =>
    ["a", "b"].map((name) => values.get(name)!.cells[0]!);
  // The first step goes one rate against the sign: 1 · (1 − 0.1 · 0.01) − 0.1, and 1 · (1 − 0.01 · 0.01) + 0.01.
  const [a, b] = cells(next.parameters);
  expect([a! - 0.899, b! - 1.0099].every((difference) => Math.abs(difference) < 1e-6)).toBe(true);
  // Moments know no rate: a tenth and a twentieth of the gradient and its square.
  const moments = [cells(next.first), cells(next.second)].flat();
  for (const [at, moment] of [0.03, -0.04, 0.0045, 0.008].entries()) expect(moments[at]).toBeCloseTo(moment, 8);
  expect(
    cells(next.ema!).map((average, at) => Math.abs(average - (0.99 + 0.01 * [0.899, 1.0099][at]!)) < 1e-6),
  ).toEqual([true, true]);
});

test("among others a parameter has the bits that it has at its rate alone, wherever groups and parts of the buffer end", async () => {
  // 11 parts in two groups; `b` begins in the second of them, and `c` and `d` share the last row.
  const sizes = { a: [2100, 1024], b: [499, 1024], c: [5], d: [3, 7] };
  const random = (purpose: string, step: number) =>
    new Map(
      Object.entries(sizes).map(([name, shape]) => {
        const cells = new Float32Array(shape.reduce((product, size) => product * size, 1));
        stream(7, purpose, name).fillNormal(cells, step, 0, 0);
        return [name, new HostArray(shape.length === 1 ? "i" : "i j", shape, "float32", cells)];
      }),
    );
  const weights = random("weight", 0);
  const gradients = rates.map((_, step) => random("gradient", step));
  const trained = async (table: Readonly<Record<string, number>>, share: number) => {
    let state = stateOf(weights, new Set(Object.keys(sizes)), true);
    const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, rates: table }, machine);
    for (const [step, rate] of rates.entries())
      ({ state } = await updater.step(state, Packed.copyOf(gradients[step]!), share * rate));
    updater.release();
    return state;
  };
  const shares = { a: 1, b: 0.25, c: 1, d: 3 };
  const mixed = await trained({ b: 0.25, d: 3 }, 1);
  for (const share of new Set(Object.values(shares))) {
    const alone = await trained({}, share);
    for (const [name] of Object.entries(shares).filter(([, own]) => own === share))
      for (const part of ["trained", "first", "second", "ema"] as const)
        expectSameBits(`${part} ${name}`, mixed[part]!.get(name), alone[part]!.get(name));
  }
});

test("one share of the rate for all is that rate", async () => {
  const one = new Map([["w", new HostArray("i", [2], "float32", Float32Array.of(1, -2))]]);
  const stepped = async (table: Readonly<Record<string, number>>, rate: number) => {
    const state = stateOf(one, new Set(["w"]), false);
    const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, ema: null, rates: table }, machine);
    const { state: next } = await updater.step(state, Packed.copyOf(one), rate);
    updater.release();
    return next.parameters.get("w");
  };
  expectSameBits("w", await stepped({ all: 0.5 }, 0.1), await stepped({}, 0.05));
});

test("a state restored from its values in another order goes on to the bit", async () => {
  const names = new Set(shapes.keys());
  const updater = await Updater.compile(formsOf(Packed.zerosLike(filled("weight", 0))), optimizer, machine);
  const after = async (restart: boolean) => {
    let state = stateOf(filled("weight", 0), names, true);
    for (const [step, rate] of rates.entries()) {
      ({ state } = await updater.step(state, Packed.copyOf(filled("gradient", step)), rate));
      if (restart) state = restoredState({ ...state, parameters: new Map([...state.parameters].reverse()) });
    }
    return state;
  };
  const [straight, restarted] = [await after(false), await after(true)];
  updater.release();
  for (const part of ["trained", "first", "second", "ema"] as const)
    expectSameBits(part, restarted[part], straight[part]);
});

test("a step counts in the profile, and after its release the program takes none", async () => {
  const one = new Map([["w", new HostArray("i", [2], "float32", Float32Array.of(1, 0))]]);
  const state = stateOf(one, new Set(["w"]), false);
  const profile = join(tmpdir(), `armature-updater-test-${process.pid}`);
  const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, ema: null }, { ...machine, profile });
  await updater.step(state, Packed.copyOf(one), 0.1);
  // The norm of the gradient is the one root of a sum; AdamW takes another, of the second moment.
  expect(updater.takeProfile().find(({ operator }) => operator === "Sqrt")?.calls).toBe(2);
  updater.release();
  await expect(updater.step(state, Packed.copyOf(one), 0.1)).rejects.toThrow("the session was released");
});

test("a gradient of other parameters is refused", async () => {
  const state = stateOf(filled("weight", 0), new Set(["a.bias", "c.weight"]), false);
  const updater = await Updater.compile(formsOf(state.trained), { ...optimizer, ema: null }, machine);
  const gradient = Packed.copyOf(filled("gradient", 0));
  await expect(updater.step(state, gradient, 1e-3)).rejects.toThrow("expected 2 parameters of one layout, got 3");
  updater.release();
});

test("the parts of a buffer are all of it, and few", () => {
  for (const rows of [1, 256, 257, 700, 100_000]) {
    const parts = packedParts(rows * 1024);
    expect(parts.reduce((sum, { shape }) => sum + shape[0]!, 0)).toBe(rows);
    expect(parts.length).toBeLessThanOrEqual(64);
  }
});

test("a change of the whole buffer is a change of each parameter, and cells between them are not theirs", () => {
  const packed = Packed.copyOf(filled("weight", 0));
  packed.cells.fill(2);
  expect([...packed.values()].every(({ cells }) => cells.every((cell) => cell === 2))).toBe(true);
  expect([...packed].every(([name, { shape }]) => shape.join() === shapes.get(name)!.join())).toBe(true);
});

function formsOf(packed: Packed) {
  return [...packed].map(([name, { axes, shape }]) => ({ name, axes, shape }));
}

function largestDifference(cells: Float32Array, expected: Float64Array): number {
  return cells.reduce((largest, cell, at) => Math.max(largest, Math.abs(cell - expected[at]!)), 0);
}
