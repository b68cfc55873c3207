import { cells as cellsOf } from "../graph/axes.ts";
import {
  type Grouping,
  groupLength,
  type PackedForm,
  type PackedPart,
  packedGroups,
  packedLength,
  packedParts,
  placedForms,
} from "./packed-layout.ts";

/** A buffer of packed parameters, wherever it lies. */
export interface PackedPlace<V> {
  readonly forms: readonly PackedForm[];
  /** The buffer's first cell in its memory. */
  readonly begin: number;
  readonly grouping: Grouping;
  /** The array of a form whose first cell stands at a place of the memory. */
  readonly arrayAt: (form: PackedForm, from: number) => V;
}

/** Groups of a buffer, from one up to another. */
export interface GroupSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Groups of a buffer that an update changes: all of them, or a rank's share.
 *
 * @typeParam V     an array where they lie
 * @typeParam Moved the type itself
 */
export interface PackedGroups<V, Moved> {
  /** Which groups they are. */
  readonly span: GroupSpan;
  /** Each group's parts, as `packedGroups` tells, in order. */
  readonly groups: ReadonlyMap<string, V>[];
  /** The same one group further in the same memory, or back again; see `PackedIn`. */
  readonly moved: Moved;
  /** Makes a group ready to be read, counted from the first of them on; where values are kept in fewer bits than they are computed in, the only one that is. */
  open(at: number): void;
  /** Keeps what a step wrote into a group: of `moved` what was written there. @param step counted from 0 */
  close(at: number, step: number): void;
}

/**
 * Values of parameters in one buffer, one after the other by name: what is done to all of them is done to one array.
 *
 * Cells between parameters are 0, and every rule that maps zeros to 0 leaves them so. The layout depends on names and sizes
 * alone: whatever order parameters come in, equal sets of them are laid out alike.
 *
 * The memory has room for one group more. So values can be changed group by group and moved by the size of one on the way (`moved`):
 * nothing is written where it is read, and no second buffer is needed.
 *
 * @typeParam V     an array in that memory
 * @typeParam Moved the class itself
 */
export abstract class PackedIn<V, Moved> implements ReadonlyMap<string, V>, PackedGroups<V, Moved> {
  /** Cells of the buffer. */
  readonly length: number;
  readonly #placement: PackedPlace<V>;
  readonly #places: ReadonlyMap<string, number>;
  readonly #values: ReadonlyMap<string, V>;

  protected constructor(placement: PackedPlace<V>) {
    const { forms, begin, arrayAt } = placement;
    const all = placedForms(forms);
    this.length = packedLength(forms);
    this.#placement = placement;
    this.#places = new Map(all.map(({ name, from }) => [name, from]));
    this.#values = new Map(all.map(({ from, ...form }) => [form.name, arrayAt(form, begin + from)]));
  }

  /** The same parameters from another cell of the same memory on. */
  protected abstract beginningAt(begin: number): Moved;

  /** Sets a parameter's cells to 0. */
  abstract clear(name: string): void;

  get forms(): readonly PackedForm[] {
    return this.#placement.forms;
  }

  /** The whole buffer, in the parts that `packedParts` tells. */
  get parts(): Map<string, V> {
    return this.#laidOver(packedParts(this.length), 0);
  }

  /** The same in groups of smaller parts, as `packedGroups` tells. */
  get groups(): Map<string, V>[] {
    let end = 0;
    return packedGroups(this.length, this.#placement.grouping).map((parts) => {
      const begin = end;
      end += parts.reduce((sum, { shape }) => sum + cellsOf(shape), 0);
      return this.#laidOver(parts, begin);
    });
  }

  /** All groups. */
  get span(): GroupSpan {
    return { start: 0, end: packedGroups(this.length, this.#placement.grouping).length };
  }

  /** Whether its values lie behind the room in its memory; where they do not, it is behind them. */
  get isBehindRoom(): boolean {
    return this.#placement.begin > 0;
  }

  /**
   * The same parameters with every cell one group further in the same memory, or back again. Cells have to be written before they are
   * read: group by group, each to its place here, the last group first where they go further, the first one first where they go back.
   */
  get moved(): Moved {
    return this.beginningAt(this.isBehindRoom ? 0 : groupLength(this.length, this.#placement.grouping));
  }

  /** They lie as they are computed. */
  open(): void {}
  close(): void {}

  /** @throws RangeError unless the other has the same parameters at the same places */
  expectLike(where: string, other: PackedIn<V, Moved>): void {
    const strange = [...this.keys()].find((name) => other.#places.get(name) !== this.#places.get(name));
    if (strange !== undefined || this.size !== other.size || this.length !== other.length)
      throw new RangeError(
        `${where}: expected ${this.size} parameters of one layout, got ${other.size}; ` +
          `"${strange ?? "a parameter"}" lies elsewhere or is missing`,
      );
  }

  get size(): number {
    return this.#values.size;
  }

  get(name: string): V | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  keys(): MapIterator<string> {
    return this.#values.keys();
  }

  values(): MapIterator<V> {
    return this.#values.values();
  }

  entries(): MapIterator<[string, V]> {
    return this.#values.entries();
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.#values.entries();
  }

  forEach(visit: (values: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, values] of this.#values) visit(values, name, this);
  }

  #laidOver(parts: readonly PackedPart[], from: number): Map<string, V> {
    const { begin, arrayAt } = this.#placement;
    let end = begin + from;
    return new Map(
      parts.map((part) => {
        const first = end;
        end += cellsOf(part.shape);
        return [part.name, arrayAt(part, first)];
      }),
    );
  }
}
