import type { SymbolicArray } from "../graph/array.ts";

/**
 * Which key each query may read.
 *
 * Made only by `policy/stream.ts`, so it has always seen the validity (a lint rule keeps `made` from being called elsewhere).
 */
export class AttentionPattern {
  /** `[b q k]`; `null` where every query may read every key. */
  readonly mayRead: SymbolicArray<"b q k", "bool"> | null;
  declare protected readonly nominal: never;

  private constructor(mayRead: SymbolicArray<"b q k", "bool"> | null) {
    this.mayRead = mayRead;
  }

  /** @internal */
  static made(mayRead: SymbolicArray<"b q k", "bool"> | null): AttentionPattern {
    return new AttentionPattern(mayRead);
  }
}
