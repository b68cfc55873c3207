import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";

type Values = HostArray<string, "float32">;
type Form = Pick<ParameterForm, "name" | "axes" | "shape">;

/** Rows of the buffer under a name. */
interface Part {
  readonly name: string;
  readonly axes: "i j";
  readonly shape: number[];
}

/** Parameters begin on this grid of cells: 64 bytes, as the runtime's kernels read them. */
export const grid = 16;

/** The end of a buffer is filled up to rows of this width. */
const rowWidth = 1024;

/** Parts of fewer rows spend their time on the calls; in one part of many rows nothing stays in the cache. */
const partRows = 256;

/** The runtime plans a program of more nodes in seconds. */
const mostParts = 64;

/** What is read and written in one run: of fewer parts, runs are many; of more, the room between reading and writing is large. */
const groupParts = 8;

/**
 * Values of parameters in one buffer, one after the other by name: what is done to all of them is done to one array.
 *
 * Cells between parameters are 0, and every rule that maps zeros to 0 leaves them so. The layout depends on names and sizes
 * alone: whatever order parameters come in, equal sets of them are laid out alike.
 *
 * The memory has room for one group more. So values can be changed group by group and moved by the size of one on the way (`moved`):
 * nothing is written where it is read, and no second buffer is needed.
 */
export class Packed implements ReadonlyMap<string, Values> {
  /** Every cell of every parameter. */
  readonly cells: Float32Array;
  readonly #values: ReadonlyMap<string, Values>;

  readonly #forms: readonly Form[];
  readonly #memory: Float32Array;

  private constructor(forms: readonly Form[], memory: Float32Array, begin: number) {
    this.cells = memory.subarray(begin, begin + packedLength(forms));
    this.#values = new Map(
      placed(forms).map(({ name, axes, shape, from }) => {
        const cells = this.cells.subarray(from, from + cellsOf(shape));
        return [name, new HostArray(axes, shape, "float32", cells)];
      }),
    );
    this.#forms = forms;
    this.#memory = memory;
  }

  static zeros(forms: readonly Form[]): Packed {
    const length = packedLength(forms);
    return new Packed(forms, new Float32Array(length + groupLength(length)), 0);
  }

  static zerosLike(values: ParameterValues): Packed {
    return Packed.zeros([...values].map(([name, { axes, shape }]) => ({ name, axes, shape })));
  }

  static copyOf(values: ParameterValues): Packed {
    const packed = Packed.zerosLike(values);
    for (const [name, { cells }] of packed) cells.set(values.get(name)!.cells);
    return packed;
  }

  /** The whole buffer, in the parts that `packedParts` tells. */
  get parts(): Map<string, HostArray<"i j">> {
    return laidOver(this.cells, packedParts(this.cells.length));
  }

  /** The same in groups of smaller parts, as `packedGroups` tells. */
  get groups(): Map<string, HostArray<"i j">>[] {
    let end = 0;
    return packedGroups(this.cells.length).map((parts) => {
      const begin = end;
      end += parts.reduce((sum, { shape }) => sum + cellsOf(shape), 0);
      return laidOver(this.cells.subarray(begin, end), parts);
    });
  }

  /** Whether its values lie behind the room in its memory; where they do not, it is behind them. */
  get isBehindRoom(): boolean {
    return this.cells.byteOffset !== this.#memory.byteOffset;
  }

  /**
   * The same parameters with every cell one group further in the same memory, or back again. Cells have to be written before they are
   * read: group by group, each to its place here, the last group first where they go further, the first one first where they go back.
   */
  get moved(): Packed {
    return new Packed(this.#forms, this.#memory, this.isBehindRoom ? 0 : groupLength(this.cells.length));
  }

  /** @throws RangeError unless the other has the same parameters at the same places */
  expectLike(where: string, other: Packed): void {
    const strange = [...this.keys()].find((name) => other.#placeOf(name) !== this.#placeOf(name));
    if (strange !== undefined || this.size !== other.size || this.cells.length !== other.cells.length)
      throw new RangeError(
        `${where}: expected ${this.size} parameters of one layout, got ${other.size}; ` +
          `"${strange ?? "a parameter"}" lies elsewhere or is missing`,
      );
  }

  /** Where a parameter begins in the buffer, in bytes. */
  #placeOf(name: string): number | undefined {
    const own = this.#values.get(name);
    return own === undefined ? undefined : own.cells.byteOffset - this.cells.byteOffset;
  }

  get size(): number {
    return this.#values.size;
  }

  get(name: string): Values | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  keys(): MapIterator<string> {
    return this.#values.keys();
  }

  values(): MapIterator<Values> {
    return this.#values.values();
  }

  entries(): MapIterator<[string, Values]> {
    return this.#values.entries();
  }

  [Symbol.iterator](): MapIterator<[string, Values]> {
    return this.#values.entries();
  }

  forEach(visit: (values: Values, name: string, map: ReadonlyMap<string, Values>) => void): void {
    for (const [name, values] of this.#values) visit(values, name, this);
  }
}

/** Cells of the buffer that holds parameters of these forms. */
export function packedLength(forms: readonly Form[]): number {
  const used = forms.reduce((length, { shape }) => length + roundUp(cellsOf(shape), grid), 0);
  return roundUp(used, rowWidth);
}

/** Forms in the order of the buffer, each with its first cell there. */
function placed(forms: readonly Form[]): (Form & { readonly from: number })[] {
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
export function packedParts(length: number): Part[] {
  return partsOf(length, Math.max(partRows, Math.ceil(length / rowWidth / mostParts)));
}

function partsOf(length: number, each: number): Part[] {
  const rows = length / rowWidth;
  return Array.from({ length: Math.ceil(rows / each) }, (_, at) => ({
    name: String(at),
    axes: "i j",
    shape: [Math.min(each, rows - at * each), rowWidth],
  }));
}

/**
 * Parts that stay in the cache however long the buffer is, in groups, in each of which they are named from 0 on: all groups but the last
 * are alike, so one program does for them.
 */
export function packedGroups(length: number): Part[][] {
  const parts = partsOf(length, partRows);
  return Array.from({ length: Math.ceil(parts.length / groupParts) }, (_, at) =>
    parts.slice(at * groupParts, (at + 1) * groupParts).map((part, place) => ({ ...part, name: String(place) })),
  );
}

/**
 * A number of each parameter for every block of `grid` cells of the buffer, in the groups of `packedGroups`: a part of `[i j]` cells has
 * `[i j/grid]` blocks. Blocks at the end that are no parameter's have 0.
 */
export function packedNumbers(
  forms: readonly Form[],
  numberOf: (name: string) => number,
): ReadonlyMap<string, HostArray<"i j", "int32">>[] {
  const length = packedLength(forms);
  const numbers = new Int32Array(length / grid);
  for (const { name, shape, from } of placed(forms))
    numbers.fill(numberOf(name), from / grid, (from + roundUp(cellsOf(shape), grid)) / grid);
  let end = 0;
  return packedGroups(length).map(
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

/** Cells of the first group: every other one has as many or fewer. */
function groupLength(length: number): number {
  return Math.min(length, groupParts * partRows * rowWidth);
}

function laidOver(cells: Float32Array, parts: readonly Part[]): Map<string, HostArray<"i j">> {
  let end = 0;
  return new Map(
    parts.map(({ name, axes, shape }) => {
      const count = cellsOf(shape);
      end += count;
      return [name, new HostArray(axes, shape, "float32", cells.subarray(end - count, end))];
    }),
  );
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}
