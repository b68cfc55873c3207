import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ParameterForm } from "../nn/parameter.ts";

/** Name, axes and sizes of what lies in a buffer. */
export type PackedForm = Pick<ParameterForm, "name" | "axes" | "shape">;

/** Rows of the buffer under a name. */
export interface PackedPart extends PackedForm {
  readonly axes: "i j";
}

/** Parameters begin on this grid of cells: 64 bytes, as the runtime's kernels read them. */
export const grid = 16;

/** The end of a buffer is filled up to rows of this width. */
const rowWidth = 1024;

/** The runtime plans a program of more nodes in seconds. */
const mostParts = 64;

/** How a buffer is cut where its values are changed group by group. */
export interface Grouping {
  /** Rows of a part. */
  readonly partRows: number;
  /** What is read and written in one run: of fewer parts, runs are many; of more, the room between reading and writing is large. */
  readonly groupParts: number;
}

/** Parts of fewer rows spend their time on the calls; in one part of many rows nothing stays in the cache. */
export const inCache: Grouping = { partRows: 256, groupParts: 8 };

/** On a device calls are dear and no cache is to be kept: so many runs at most, of one part each. */
const mostRunsOnDevice = 8;

export function onDevice(length: number): Grouping {
  return { partRows: Math.max(inCache.partRows, Math.ceil(length / rowWidth / mostRunsOnDevice)), groupParts: 1 };
}

/** Cells of the buffer that holds parameters of these forms. */
export function packedLength(forms: readonly PackedForm[]): number {
  const used = forms.reduce((length, { shape }) => length + roundUp(cellsOf(shape), grid), 0);
  return roundUp(used, rowWidth);
}

/** Forms in the order of the buffer, each with its first cell there. */
export function placedForms(forms: readonly PackedForm[]): (PackedForm & { readonly from: number })[] {
  let end = 0;
  return [...forms]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map((form) => {
      const from = end;
      end += roundUp(cellsOf(form.shape), grid);
      return { ...form, from };
    });
}

/** Parts of a buffer, large enough to keep the runtime's threads busy and small enough to stay in the cache. */
export function packedParts(length: number): PackedPart[] {
  return partsOf(length, Math.max(inCache.partRows, Math.ceil(length / rowWidth / mostParts)));
}

function partsOf(length: number, each: number): PackedPart[] {
  const rows = length / rowWidth;
  return Array.from({ length: Math.ceil(rows / each) }, (_, at) => ({
    name: String(at),
    axes: "i j",
    shape: [Math.min(each, rows - at * each), rowWidth],
  }));
}

/**
 * Parts in groups, in each of which they are named from 0 on: all groups but the last are alike, so one program does for them.
 *
 * @param grouping without it parts stay in the cache however long the buffer is
 */
export function packedGroups(length: number, { partRows, groupParts }: Grouping = inCache): PackedPart[][] {
  const parts = partsOf(length, partRows);
  return Array.from({ length: Math.ceil(parts.length / groupParts) }, (_, at) =>
    parts.slice(at * groupParts, (at + 1) * groupParts).map((part, place) => ({ ...part, name: String(place) })),
  );
}

/** Cells of the first group: every other one has as many or fewer. */
export function groupLength(length: number, { partRows, groupParts }: Grouping = inCache): number {
  return Math.min(length, groupParts * partRows * rowWidth);
}

/**
 * A number of each parameter for every block of `grid` cells of the buffer, in the groups of `packedGroups`: a part of `[i j]` cells has
 * `[i j/grid]` blocks. Blocks at the end that are no parameter's have 0.
 */
export function packedNumbers(
  forms: readonly PackedForm[],
  numberOf: (name: string) => number,
  grouping: Grouping = inCache,
): ReadonlyMap<string, HostArray<"i j", "int32">>[] {
  const length = packedLength(forms);
  const numbers = new Int32Array(length / grid);
  for (const { name, shape, from } of placedForms(forms))
    numbers.fill(numberOf(name), from / grid, (from + roundUp(cellsOf(shape), grid)) / grid);
  let end = 0;
  return packedGroups(length, grouping).map(
    (parts) =>
      new Map(
        parts.map(({ name, axes, shape: [rows = 0, width = 0] }) => {
          const from = end;
          end += (rows * width) / grid;
          return [name, new HostArray(axes, [rows, width / grid], "int32", numbers.subarray(from, end))];
        }),
      ),
  );
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}
