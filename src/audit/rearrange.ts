import type { Batch, Provenance } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { type Axis, cells, letters } from "../graph/axes.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";

/** For each axis of a batch, where each of its places comes from: an index of the batch as it is, or −1 for padding. */
export interface Sources {
  readonly b: readonly number[];
  readonly o: readonly number[];
  readonly t: readonly number[];
  readonly d: readonly number[];
  readonly s: readonly number[];
  readonly v: readonly number[];
  readonly n: readonly number[];
}

/** Places along some axes: where each comes from. */
export type Places = Readonly<Partial<Record<Axis, readonly number[]>>>;

/** Every place where it is. */
function inPlace(layout: BatchLayout): Sources {
  const run = (count: number) => [...Array(count).keys()];
  return {
    b: run(layout.rows),
    o: run(layout.observations),
    t: run(layout.steps),
    d: run(layout.actionWidth),
    s: run(layout.stateWidth),
    v: run(layout.views),
    n: run(layout.tokens),
  };
}

/** What brings a batch of one layout to a larger one: padding behind, but before the observation slots, whose last is now. */
export function grown(from: BatchLayout, to: BatchLayout): Sources {
  const own = inPlace(from);
  const padding = (count: number) => Array<number>(count).fill(-1);
  const behind = (places: readonly number[], size: number) => [...places, ...padding(size - places.length)];
  return {
    b: behind(own.b, to.rows),
    o: [...padding(to.observations - from.observations), ...own.o],
    t: behind(own.t, to.steps),
    d: behind(own.d, to.actionWidth),
    s: behind(own.s, to.stateWidth),
    v: behind(own.v, to.views),
    n: behind(own.n, to.tokens),
  };
}

/** A batch whose rows, steps, slots and so on come from elsewhere in it; what comes from nowhere does not exist. Axes that are not named stay. */
export function rearranged(
  { images, state, prompt, actions, facts, provenance, embodiment, ownDof }: Batch,
  from: Partial<Sources>,
): Batch {
  return {
    images: images.read((values, valid) => Padded.of(taken(values, from, 0), real(valid, from))),
    state: state.read((values, valid) => Padded.of(taken(values, from, 0), real(valid, from))),
    prompt: prompt.read((values, valid) => Padded.of(taken(values, from, 0), real(valid, from))),
    actions: actions.read((values, valid) => Padded.of(taken(values, from, 0), real(valid, from))),
    facts: {
      stepReal: real(facts.stepReal, from),
      dofReal: real(facts.dofReal, from),
      stateReal: real(facts.stateReal, from),
      targetReal: real(facts.targetReal, from),
      historyReal: real(facts.historyReal, from),
      historyKept: real(facts.historyKept, from),
      viewReal: real(facts.viewReal, from),
      tokenReal: real(facts.tokenReal, from),
      rowReal: real(facts.rowReal, from),
    },
    provenance: rowsOf(provenance, from.b ?? ascending(provenance.dataset.length)),
    embodiment: taken(embodiment, from, -1),
    ownDof: taken(ownDof, from, -1),
  };
}

/**
 * A batch in which some rows are samples that teach nothing: without a robot target, as of a dataset that only answers questions,
 * and with one token, after which there is nothing to say.
 */
export function withoutTarget(batch: Batch, isChanged: (row: number) => boolean): Batch {
  const { facts, actions, prompt, ownDof } = batch;
  const [rows = 0, width = 0] = facts.dofReal.shape;
  const kept = Array.from({ length: rows }, (_, row) => (isChanged(row) ? -1 : row));
  const own = { b: kept, t: ascending(facts.stepReal.shape[1]), d: ascending(width) };
  const [, tokens = 0] = facts.tokenReal.shape;
  const said = facts.tokenReal.bits.map((bit, at) => (isChanged(Math.floor(at / tokens)) && at % tokens > 0 ? 0 : bit));
  const tokenReal = Validity.of("b n", facts.tokenReal.shape, said);
  return {
    ...batch,
    actions: actions.read((values, valid) => Padded.of(taken(values, own, 0), real(valid, own))),
    prompt: prompt.read((values) => Padded.of(values, tokenReal)),
    facts: { ...facts, targetReal: real(facts.targetReal, own), dofReal: real(facts.dofReal, own), tokenReal },
    ownDof: taken(ownDof, own, -1),
  };
}

/**
 * An array whose places along some axes come from elsewhere in it.
 *
 * @param otherwise what stands in cells that come from nowhere
 */
export function taken<A extends string, D extends Exclude<DataType, "int64">>(
  values: HostArray<A, D>,
  from: Places,
  otherwise: number,
): HostArray<A, D> {
  const own = letters(values.axes);
  const places = own.map((letter, at) => from[letter] ?? ascending(values.shape[at]));
  const inner = own.findLastIndex((letter) => from[letter] !== undefined) + 1;
  const run = cells(values.shape.slice(inner));
  const shape = places.map((each) => each.length);
  const out = zeros(values.axes, shape, values.type);
  const blocks = cells(shape.slice(0, inner));
  for (let block = 0; block < blocks; block++) {
    const source = sourceOf(block, places.slice(0, inner), values.shape);
    if (source < 0) out.cells.fill(otherwise, block * run, (block + 1) * run);
    else for (let at = 0; at < run; at++) out.cells[block * run + at] = values.cells[source * run + at]!;
  }
  return out;
}

/** Number of the block that a block comes from, −1 where one of its places comes from nowhere. */
function sourceOf(block: number, places: readonly (readonly number[])[], shape: readonly number[]): number {
  let [rest, source, stride] = [block, 0, 1];
  for (let axis = places.length - 1; axis >= 0; axis--) {
    const own = places[axis]!;
    const place = own[rest % own.length]!;
    if (place < 0) return -1;
    source += place * stride;
    stride *= shape[axis]!;
    rest = Math.floor(rest / own.length);
  }
  return source;
}

function real<A extends string>(valid: Validity<A>, from: Partial<Sources>): Validity<A> {
  const { shape, cells: bits } = taken(valid.toArray(), from, 0);
  return Validity.of(valid.axes, shape, bits);
}

function rowsOf(provenance: Provenance, rows: readonly number[]): Provenance {
  const column = (values: Int32Array) => Int32Array.from(rows, (row) => (row < 0 ? -1 : values[row]!));
  return {
    dataset: column(provenance.dataset),
    controlMode: column(provenance.controlMode),
    episode: column(provenance.episode),
    frame: column(provenance.frame),
    draw: column(provenance.draw),
  };
}

function ascending(count = 0): readonly number[] {
  return [...Array(count).keys()];
}
