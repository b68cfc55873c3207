import { expect, test } from "vitest";
import type { NamedArrays } from "../checkpoint/weights.ts";
import { HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { type MomentForm, momentForms } from "../optimizer/moment-form.ts";
import { NarrowMoments } from "../optimizer/narrow-moments.ts";
import { Packed } from "../optimizer/packed.ts";
import { Updater } from "../optimizer/update.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { World } from "../ranks/world.ts";
import type { RunAverages, RunMoments, RunState } from "./run-state.ts";
import {
  type Beginning,
  sendShares,
  shareTrained,
  stateOverRanks,
  weightsInTurn,
  withWholeAverages,
} from "./shared-state.ts";

/** Five groups, of which the last is short: three ranks have one, two and two. `a` goes over the first border, `still` does not train. */
const sizes = { a: [4097, 1024], b: [1000, 1024], c: [3500, 1024], d: [5], still: [3] };
const forms: ParameterForm[] = Object.entries(sizes).map(([name, shape]) => {
  return { name, axes: shape.length === 1 ? "i" : "i j", shape, initial: { kind: "constant", value: 0 } };
});
const trained = new Set(["a", "b", "c", "d"]);
const divided = { forms, trained, keepsAverages: true, isDivided: true, seed: 3 };
const optimizer = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.01, clip: 1, ema: 0.9 } as const;
const steps = 3;

function drawn(purpose: string, names: Iterable<string>): NamedArrays {
  return new Map(
    forms
      .filter(({ name }) => [...names].includes(name))
      .map(({ name, axes, shape }) => {
        const cells = new Float32Array(shape.reduce((product, size) => product * size, 1));
        stream(5, purpose, name).fillNormal(cells, 0, 0, 0);
        return [name, new HostArray(axes, shape, "float32", cells)];
      }),
  );
}

const weights = drawn("weight", Object.keys(sizes));
const gradients = Array.from({ length: steps }, (_, step) => Packed.copyOf(drawn(`gradient ${step}`, trained)));

/** Three steps, or so many times three, on so many ranks, from what rank 0 has; what a checkpoint keeps of them, and the averages as every rank sees them. */
async function afterSteps(ranks: number, beginning: Beginning, moments: MomentForm, rounds = 1) {
  const parameters = { ...divided, moments };
  const worlds = await localWorlds(ranks, 600);
  const updater = await Updater.compile(
    forms.filter(({ name }) => trained.has(name)),
    optimizer,
    { device: "cpu", threads: 1 },
  );
  // One program serves all ranks of a process, one after the other.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    const next = turn.then(body);
    turn = next;
    return next;
  };
  const kept = await onRanks(worlds, async (world) => {
    let { state } = await stateOverRanks(world, world.rank === 0 ? beginning : null, parameters);
    for (const gradient of Array.from({ length: rounds }, () => gradients).flat()) {
      ({ state } = await inTurn(() =>
        updater.step<HostArray<string>, Packed, RunMoments, RunAverages>(state, gradient, 0.01),
      ));
      await shareTrained(world, state);
    }
    return { held: await heldBy(world, state), state };
  });
  updater.release();
  return kept;
}

const copied = (arrays: NamedArrays) => new Map([...arrays].map(([name, { cells }]) => [name, cells.slice()]));

/** What rank 0 writes, and the whole averages. */
async function heldBy(world: World, state: RunState) {
  const storage = Packed.zerosLike(state.trained);
  const lend = <T>(use: (memory: Packed) => Promise<T>) => use(storage);
  const averages = await withWholeAverages(world, state, lend, async ({ ema }) => copied(ema!));
  if (world.rank > 0) {
    await sendShares(world, state, storage);
    return { averages, weights: copied(state.parameters) };
  }
  const inTurn = weightsInTurn(world, state, storage);
  const first = copied(await inTurn.firstMoments());
  const second = copied(await inTurn.secondMoments());
  return { averages, weights: copied(inTurn.parameters), first, second, ema: copied(await inTurn.ema!()) };
}

const cellsOf = ({ first }: RunState) => (first instanceof NarrowMoments ? first : first.cells).length;

const fresh: Beginning = { step: 0, best: null, parameters: weights, moments: null };

test.each(momentForms)(
  "ranks that update a share of the parameters each, with moments in %s, have the weights, moments and averages of one process, to the bit",
  async (form) => {
    const [alone] = await afterSteps(1, fresh, form);
    expect(alone!.state.step).toBe(steps);
    for (const ranks of [2, 3]) {
      const found = await afterSteps(ranks, fresh, form);
      expectSameBits(`${ranks} ranks`, found[0]!.held, alone!.held);
      for (const { held } of found) {
        expectSameBits("averages", held.averages, alone!.held.averages);
        expectSameBits("weights", held.weights, alone!.held.weights);
      }
      const shares = found.map(({ state }) => cellsOf(state));
      expect(shares.reduce((sum, cells) => sum + cells)).toBe(cellsOf(alone!.state));
      expect(Math.max(...shares)).toBeLessThan(0.61 * cellsOf(alone!.state));
    }
  },
);

test("what one number of ranks has written another goes on with, to the bit", async () => {
  const given = {
    step: 7,
    best: { step: 5, loss: 0.5 },
    parameters: weights,
    moments: {
      first: drawn("first", trained),
      second: new Map(
        [...drawn("second", trained)].map(([name, { axes, shape, cells }]) => {
          return [name, new HostArray(axes, shape, "float32", cells.map(Math.abs))];
        }),
      ),
      ema: drawn("average", trained),
    },
  };
  const [alone] = await afterSteps(1, given, "float32");
  expect(alone!.state.step).toBe(7 + steps);
  const [first] = await afterSteps(3, given, "float32");
  expectSameBits("3 ranks", first!.held, alone!.held);
});

test.each(["bf16", "fp8"] as const)(
  "moments in %s that a checkpoint has are those that a run goes on with, on any number of ranks, to the bit",
  async (form) => {
    const [begun] = await afterSteps(2, fresh, form);
    const { weights: values, first, second, ema } = begun!.held;
    const arrays = (cells: ReadonlyMap<string, Float32Array>): NamedArrays =>
      new Map(
        [...cells].map(([name, own]) => {
          const { axes, shape } = weights.get(name)!;
          return [name, new HostArray(axes, shape, "float32", own)];
        }),
      );
    const moments = { first: arrays(first!), second: arrays(second!), ema: arrays(ema!) };
    const on = { step: steps, best: null, parameters: arrays(values), moments };
    const [straight] = await afterSteps(1, fresh, form, 2);
    for (const ranks of [1, 3])
      expectSameBits(`${ranks} ranks`, (await afterSteps(ranks, on, form))[0]!.held, straight!.held);
  },
);
