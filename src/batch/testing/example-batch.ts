import { HostArray, zeros } from "../../graph/host-array.ts";
import { type Stream, stream } from "../../graph/random.ts";
import { Padded } from "../../validity/padded.ts";
import { Validity } from "../../validity/validity.ts";
import type { Batch } from "../batch.ts";
import { collate } from "../collate.ts";
import type { Example } from "../example.ts";
import type { BatchLayout } from "../layout.ts";

/** A batch without a single unreal cell, of random numbers and of two robots in turn. */
export function exampleBatch(layout: BatchLayout, seed: number): Batch {
  return collate(layout, examples(layout, seed, layout.rows));
}

/**
 * A batch in which every kind of padding occurs: steps past the end, scattered dofs and states, an absent camera, history
 * before the start, dropped history, short prompts and responses, a sample without one, a row without a robot target, and a filler row.
 *
 * A layout without history or with one view has no room for the kinds that need more.
 *
 * @throws RangeError if there are fewer than 4 rows, or fewer than 2 steps, dofs, states or tokens
 */
export function raggedBatch(layout: BatchLayout, seed: number): Batch {
  const { rows, steps, actionWidth, stateWidth, tokens } = layout;
  if (rows < 4 || Math.min(steps, actionWidth, stateWidth, tokens) < 2)
    throw new RangeError(
      `raggedBatch: expected at least 4 rows and 2 steps, dofs, states and tokens, got ${JSON.stringify(layout)}`,
    );
  const all = examples(layout, seed, rows - 1);
  const changes: ((example: Example) => Example)[] = [
    (example) => narrow(early(example)),
    (example) => ({ ...short(example), ...untold, targetReal: false, actions: nothing(example.actions) }),
    (example) => ({ ...short(example), subgoals: [], response: new Int32Array(), historyKept: false }),
  ];
  return collate(
    layout,
    all.map((example, at) => changes[at % changes.length]!(example)),
  );
}

/** Nothing is known of its episode, and nothing is to be reached. */
const untold = { metadata: new Int32Array(), subgoals: [] };

function examples(layout: BatchLayout, seed: number, count: number): Example[] {
  return Array.from({ length: count }, (_, row) => complete(layout, stream(seed, "example batch", `${row}`), row));
}

function complete(layout: BatchLayout, random: Stream, row: number): Example {
  const { steps, actionWidth, stateWidth, views, observations, tokens, actionTokens, pictureSize } = layout;
  const { responseTokens = 0, metadataTokens = 0, subgoals = 0 } = layout;
  const actions = zeros("t d", [steps, actionWidth], "float32");
  const state = zeros("o s", [observations, stateWidth], "float32");
  random.fillNormal(actions.cells, 0, 0, 0);
  random.fillNormal(state.cells, 1, 0, 0);
  const pixels = pictureSize * pictureSize * 3;
  const picture = (at: number) =>
    Uint8Array.from({ length: pixels }, (_, cell) => 256 * random.uniform(cell, 2, at, 0));
  return {
    name: `example ${row}`,
    actions: Padded.of(actions, Validity.complete("t", [steps])),
    stepReal: Validity.complete("t", [steps]),
    dofSlots: [...Array(actionWidth).keys()],
    state: Padded.of(state, Validity.complete("o", [observations])),
    stateSlots: [...Array(stateWidth).keys()],
    pictures: Array.from(
      { length: observations * views },
      (_, at) => new HostArray("h w c", [pictureSize, pictureSize, 3], "uint8", picture(at)),
    ),
    viewReal: Validity.complete("o v", [observations, views]),
    tokens: Int32Array.from({ length: tokens }, (_, at) => 2 + Math.floor(256 * random.uniform(at, 3, 0, 0))),
    response: Int32Array.from({ length: responseTokens }, (_, at) => 2 + Math.floor(256 * random.uniform(at, 6, 0, 0))),
    metadata: Int32Array.from({ length: metadataTokens }, (_, at) => 2 + Math.floor(256 * random.uniform(at, 5, 0, 0))),
    subgoals: Array.from(
      { length: subgoals },
      (_, at) => new HostArray("h w c", [pictureSize, pictureSize, 3], "uint8", picture(observations * views + at)),
    ),
    actionTokens: Int32Array.from(
      { length: actionTokens },
      (_, at) => 2 + Math.floor(256 * random.uniform(at, 4, 0, 0)),
    ),
    targetReal: true,
    historyKept: true,
    embodiment: row % 2,
    provenance: { dataset: 0, controlMode: 0, episode: 0, frame: row, draw: 0 },
  };
}

/** Every second dof and state, in reverse order of slots; the last camera absent; half the prompt, half the response and half the answer. */
function narrow(example: Example): Example {
  const oddSlots = (slots: readonly number[]) => slots.filter((slot) => slot % 2 === 1).reverse();
  const [dofSlots, stateSlots] = [oddSlots(example.dofSlots), oddSlots(example.stateSlots)];
  const [slots = 0, views = 0] = example.viewReal.shape;
  const bits = example.viewReal.bits.map((bit, at) => (at % views === views - 1 ? 0 : bit));
  return {
    ...example,
    dofSlots,
    stateSlots,
    actions: example.actions.read((values, valid) => Padded.of(columns(values, dofSlots), valid)),
    state: example.state.read((values, valid) => Padded.of(columns(values, stateSlots), valid)),
    viewReal: Validity.of("o v", [slots, views], bits),
    tokens: example.tokens.slice(0, Math.ceil(example.tokens.length / 2)),
    response: example.response.slice(0, Math.ceil(example.response.length / 2)),
    metadata: example.metadata.slice(0, Math.ceil(example.metadata.length / 2)),
    subgoals: example.subgoals.map((picture, view) => (view === views - 1 ? null : picture)),
    actionTokens: example.actionTokens.slice(0, Math.ceil(example.actionTokens.length / 2)),
  };
}

/** As at an episode's start: of the history, only now is real. */
function early(example: Example): Example {
  return {
    ...example,
    state: example.state.read((values, valid) => {
      const now = valid.shape[0]! - 1;
      const bits = Uint8Array.from(valid.bits, (_, slot) => (slot === now ? 1 : 0));
      return Padded.of(values, Validity.of("o", [now + 1], bits));
    }),
  };
}

/** As near an episode's end: the second half of the steps is not real. */
function short(example: Example): Example {
  const { shape, bits } = example.stepReal;
  const first = Uint8Array.from(bits, (_, step) => (2 * step < bits.length ? 1 : 0));
  const stepReal = Validity.of("t", shape, first);
  return { ...example, stepReal, actions: example.actions.read((values) => Padded.of(values, stepReal)) };
}

function nothing(actions: Example["actions"]): Example["actions"] {
  return actions.read((values, valid) => Padded.of(zeros("t d", values.shape, "float32"), valid));
}

function columns<T extends "t d" | "o s">(values: HostArray<T>, chosen: readonly number[]): HostArray<T> {
  const [count = 0, width = 0] = values.shape;
  const out = zeros(values.axes, [count, chosen.length], "float32");
  for (let row = 0; row < count; row++)
    for (const [at, column] of chosen.entries())
      out.cells[row * chosen.length + at] = values.cells[row * width + column]!;
  return out;
}
