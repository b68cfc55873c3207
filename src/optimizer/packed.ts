import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";

type Values = HostArray<string, "float32">;
type Form = Pick<ParameterForm, "name" | "axes" | "shape">;

/** Parameters begin on this grid of cells: 64 bytes, as the runtime's kernels read them. */
const grid = 16;

/** The end of a buffer is filled up to rows of this width. */
const rowWidth = 1024;

/** Parts of fewer rows spend their time on the calls; in one part of many rows nothing stays in the cache. */
const partRows = 256;

/** The runtime plans a program of more nodes in seconds. */
const mostParts = 64;

/**
 * Values of parameters in one buffer, one after the other by name: what is done to all of them is done to one array.
 *
 * Cells between parameters are 0, and every rule that maps zeros to 0 leaves them so. The layout depends on names and sizes
 * alone: whatever order parameters come in, equal sets of them are laid out alike.
 */
export class Packed implements ReadonlyMap<string, Values> {
  /** Every cell of every parameter. */
  readonly cells: Float32Array;
  readonly #values: ReadonlyMap<string, Values>;

  private constructor(forms: readonly Form[]) {
    const sorted = [...forms].sort((one, other) => (one.name < other.name ? -1 : 1));
    const storage = new Float32Array(packedLength(forms));
    let end = 0;
    const values = new Map<string, Values>();
    for (const { name, axes, shape } of sorted) {
      const count = cellsOf(shape);
      values.set(name, new HostArray(axes, shape, "float32", storage.subarray(end, end + count)));
      end += roundUp(count, grid);
    }
    this.cells = storage;
    this.#values = values;
  }

  static zeros(forms: readonly Form[]): Packed {
    return new Packed(forms);
  }

  static zerosLike(values: ParameterValues): Packed {
    return new Packed([...values].map(([name, { axes, shape }]) => ({ name, axes, shape })));
  }

  static copyOf(values: ParameterValues): Packed {
    const packed = Packed.zerosLike(values);
    for (const [name, { cells }] of packed) cells.set(values.get(name)!.cells);
    return packed;
  }

  /** The whole buffer, in the parts that `packedParts` tells. */
  get parts(): Map<string, HostArray<"i j">> {
    let end = 0;
    return new Map(
      packedParts(this.cells.length).map(({ name, axes, shape }) => {
        const count = cellsOf(shape);
        end += count;
        return [name, new HostArray(axes, shape, "float32", this.cells.subarray(end - count, end))];
      }),
    );
  }

  /** @throws RangeError unless the other has the same parameters at the same places */
  expectLike(where: string, other: Packed): void {
    const strange = [...this].find(([name, { cells }]) => other.get(name)?.cells.byteOffset !== cells.byteOffset)?.[0];
    if (strange !== undefined || this.size !== other.size || this.cells.length !== other.cells.length)
      throw new RangeError(
        `${where}: expected ${this.size} parameters of one layout, got ${other.size}; ` +
          `"${strange ?? "a parameter"}" lies elsewhere or is missing`,
      );
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

/** Parts of a buffer, large enough to keep the runtime's threads busy and small enough to stay in the cache. */
export function packedParts(
  length: number,
): { readonly name: string; readonly axes: "i j"; readonly shape: number[] }[] {
  const rows = length / rowWidth;
  const each = Math.max(partRows, Math.ceil(rows / mostParts));
  return Array.from({ length: Math.ceil(rows / each) }, (_, at) => ({
    name: String(at),
    axes: "i j",
    shape: [Math.min(each, rows - at * each), rowWidth],
  }));
}

function roundUp(count: number, step: number): number {
  return Math.ceil(count / step) * step;
}
