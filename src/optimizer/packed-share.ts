import { cells as cellsOf } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { GroupSpan, PackedGroups } from "./packed-in.ts";
import { groupLength, type PackedPart, packedGroups, placedForms } from "./packed-layout.ts";

/**
 * Some of the groups of a buffer that is laid out as `Packed` lays it out: what one of several ranks keeps of moments and averages.
 *
 * Cells stand as in the whole buffer, with room for one group more of their own.
 */
export class PackedShare implements PackedGroups<HostArray<string, "float32">, PackedShare> {
  readonly span: GroupSpan;
  /** The cells of the groups. */
  readonly cells: Float32Array;
  /** The first of them in the whole buffer. */
  readonly from: number;
  readonly #length: number;
  readonly #memory: Float32Array;

  private constructor(length: number, span: GroupSpan, memory: Float32Array, begin: number) {
    const { from, until } = cellsIn(length, span);
    this.span = span;
    this.from = from;
    this.cells = memory.subarray(begin, begin + until - from);
    this.#length = length;
    this.#memory = memory;
  }

  /** @param length cells of the whole buffer */
  static zeros(length: number, span: GroupSpan): PackedShare {
    const { from, until } = cellsIn(length, span);
    return new PackedShare(length, span, new Float32Array(until - from + groupLength(until - from)), 0);
  }

  get groups(): Map<string, HostArray<"i j">>[] {
    let end = 0;
    return packedGroups(this.#length)
      .slice(this.span.start, this.span.end)
      .map((parts) => {
        const begin = end;
        end += parts.reduce((sum, { shape }) => sum + cellsOf(shape), 0);
        return laidOver(this.cells.subarray(begin, end), parts);
      });
  }

  /** They lie as they are computed. */
  open(): void {}
  close(): void {}

  get moved(): PackedShare {
    const room = this.#memory.length - this.cells.length;
    const isBehindRoom = this.cells.byteOffset !== this.#memory.byteOffset;
    return new PackedShare(this.#length, this.span, this.#memory, isBehindRoom ? 0 : room);
  }
}

/** Where groups stand in a buffer of so many cells. */
export function cellsIn(length: number, { start, end }: GroupSpan): { readonly from: number; readonly until: number } {
  const each = groupLength(length);
  return { from: Math.min(start * each, length), until: Math.min(end * each, length) };
}

/**
 * Writes a run of the cells of the buffer that would hold all values, from one cell on: the buffer itself is not needed.
 *
 * @param out zeros
 */
export function writePacked(out: Float32Array, from: number, values: ParameterValues): void {
  const forms = [...values].map(([name, { axes, shape }]) => ({ name, axes, shape }));
  for (const { name, from: begin } of placedForms(forms)) {
    const { cells } = values.get(name)!;
    const [first, last] = [Math.max(begin, from), Math.min(begin + cells.length, from + out.length)];
    if (first < last) out.set(cells.subarray(first - begin, last - begin), first - from);
  }
}

/** Parts as arrays, one after the other from the first cell on. */
export function laidOver(cells: Float32Array, parts: readonly PackedPart[]): Map<string, HostArray<"i j">> {
  let end = 0;
  return new Map(
    parts.map(({ name, axes, shape }) => {
      const count = cellsOf(shape);
      end += count;
      return [name, new HostArray(axes, shape, "float32", cells.subarray(end - count, end))];
    }),
  );
}
