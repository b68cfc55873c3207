import { type Batch, type Facts, withFacts } from "../batch/batch.ts";
import { eachColumn, eachFact, eachField } from "../batch/each.ts";
import type { PaddedFields } from "../batch/fields.ts";
import { type BatchLayout, type PaddedAxis, paddedAxes } from "../batch/layout.ts";
import { namesOf, recordOf } from "../batch/record.ts";
import { type Axis, cells, letters } from "../graph/axes.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { Validity } from "../validity/validity.ts";

/** For each axis of a batch, where each of its places comes from: an index of the batch as it is, or −1 for padding. */
export type Sources = Readonly<Record<PaddedAxis, readonly number[]>>;

/** Places along some axes: where each comes from. */
export type Places = Readonly<Partial<Record<Axis, readonly number[]>>>;

/** What brings a batch of one layout to a larger one: padding behind, but before the observation slots, whose last is now. */
export function grown(from: BatchLayout, to: BatchLayout): Sources {
  return recordOf<Sources>(namesOf(paddedAxes), (axis) => {
    const size = paddedAxes[axis];
    const own = ascending(from[size]);
    const padding = Array<number>((to[size] ?? 0) - own.length).fill(-1);
    return axis === "o" ? [...padding, ...own] : [...own, ...padding];
  });
}

/** A batch whose rows, steps, slots and so on come from elsewhere in it; what comes from nowhere does not exist. Axes that are not named stay. */
export function rearranged(batch: Batch, from: Partial<Sources>): Batch {
  const own: PaddedFields = batch;
  const { facts, provenance, ownDof } = batch;
  const rows = from.b ?? ascending(provenance.dataset.length);
  return {
    ...eachField<"host">((name, { unreal }) =>
      own[name].changed((values, valid) => [taken(values, from, unreal), real(valid, from)]),
    ),
    facts: eachFact<"host">((name) => real(facts[name], from)),
    provenance: eachColumn((name) => Int32Array.from(rows, (row) => (row < 0 ? -1 : provenance[name][row]!))),
    ownDof: taken(ownDof, from, -1),
  };
}

/**
 * A batch in which some rows are samples that teach nothing: without a robot target, as of a dataset that only answers questions,
 * with one token, after which there is nothing to say, and without a response.
 */
export function withoutTarget(batch: Batch, isChanged: (row: number) => boolean): Batch {
  const { facts, actions, actionTokens, ownDof } = batch;
  const [rows = 0, width = 0] = facts.dofReal.shape;
  const [, answer = 0] = facts.actionTokenReal.shape;
  const kept = Array.from({ length: rows }, (_, row) => (isChanged(row) ? -1 : row));
  const own = { b: kept, t: ascending(facts.stepReal.shape[1]), d: ascending(width), m: ascending(answer) };
  const [, tokens = 0] = facts.tokenReal.shape;
  const said = facts.tokenReal.bits.map((bit, at) => (isChanged(Math.floor(at / tokens)) && at % tokens > 0 ? 0 : bit));
  const fewer: Facts = {
    ...facts,
    targetReal: real(facts.targetReal, own),
    dofReal: real(facts.dofReal, own),
    tokenReal: Validity.of("b n", facts.tokenReal.shape, said),
    responseReal: real(facts.responseReal, { b: kept }),
    actionTokenReal: real(facts.actionTokenReal, own),
  };
  const untaught = actions.changed((values, valid) => [taken(values, own, 0), valid]);
  const unsaid = actionTokens.changed((values, valid) => [taken(values, own, 0), valid]);
  const taught = { ...batch, actions: untaught, actionTokens: unsaid };
  return withFacts({ ...taught, ownDof: taken(ownDof, own, -1) }, fewer);
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

/** Arrays of rows, one after the other. */
export function joined<A extends string, D extends Exclude<DataType, "int64">>(
  arrays: readonly HostArray<A, D>[],
): HostArray<A, D> {
  const { axes, shape, type } = arrays[0]!;
  const rows = arrays.reduce((sum, array) => sum + array.shape[0]!, 0);
  const out = zeros(axes, [rows, ...shape.slice(1)], type);
  let end = 0;
  for (const { cells: own } of arrays) {
    for (let at = 0; at < own.length; at++) out.cells[end + at] = own[at]!;
    end += own.length;
  }
  return out;
}

/** Whether the first axis is that of rows. */
export function hasRows({ axes }: { readonly axes: string }): boolean {
  return letters(axes)[0] === "b";
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

function ascending(count = 0): readonly number[] {
  return [...Array(count).keys()];
}
