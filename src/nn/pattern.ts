import { constant, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { zeros } from "../graph/host-array.ts";
import { concat } from "../graph/op/shape.ts";

/**
 * Which key each query may read.
 *
 * Made only by `policy/stream.ts`, so it has always seen the validity (a lint rule keeps `made` from being called elsewhere).
 */
export class AttentionPattern {
  /** `[b q k]`; `null` where every query may read every key. */
  readonly mayRead: SymbolicArray<"b q k", "bool"> | null;
  /** How many of the last keys stand for nothing: no query reads them. */
  readonly #emptyKeys: number;
  declare protected readonly nominal: never;

  private constructor(mayRead: SymbolicArray<"b q k", "bool"> | null, emptyKeys: number) {
    this.mayRead = mayRead;
    this.#emptyKeys = emptyKeys;
  }

  /** @internal */
  static made(mayRead: SymbolicArray<"b q k", "bool"> | null): AttentionPattern {
    return new AttentionPattern(mayRead, 0);
  }

  /**
   * The same with so many keys more that stand for nothing: sums over keys are as long as if something stood there, since how
   * long they are decides which terms a processor adds first.
   *
   * @throws RangeError where every query reads every key
   */
  withEmptyKeys(count: number): AttentionPattern {
    if (count === 0) return this;
    if (this.mayRead === null)
      throw new RangeError(
        "withEmptyKeys: expected a pattern that hides keys, got one in which every query reads every key",
      );
    const shape = [sizeOf(this.mayRead, "b"), sizeOf(this.mayRead, "q"), count];
    const hidden = constant(zeros("b q k", shape, "bool"));
    return new AttentionPattern(concat("k", [this.mayRead, hidden]), this.#emptyKeys + count);
  }

  /** Keys, or values, laid end to end; behind them zeros for the empty keys. */
  layOut(parts: readonly SymbolicArray<"b k g f">[]): SymbolicArray<"b k g f"> {
    const [first, ...others] = parts;
    if (first === undefined) throw new RangeError("layOut: expected at least one array of keys or values, got none");
    if (this.#emptyKeys === 0) return others.length === 0 ? first : concat("k", parts);
    const shape = [sizeOf(first, "b"), this.#emptyKeys, sizeOf(first, "g"), sizeOf(first, "f")];
    return concat("k", [...parts, constant(zeros("b k g f", shape, "float32"))]);
  }
}
