import type { Mutant } from "./ledger.ts";

/** Mutants that change nothing anyone could observe, with the reason: they count for nothing. */
export interface Equivalent {
  readonly path: string;
  /** The line of the code, without the spaces around it; the reason no longer holds where it is another. */
  readonly code: string;
  /** What is replaced, as far as it stands on that line, and by what. */
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

const outOfBounds = "the cell past the end of a typed array is written nowhere";

export const equivalents: readonly Equivalent[] = [
  {
    path: "src/flow/noise.ts",
    code: "for (let at = 0; at < out.length; at++) {",
    before: "at < out.length",
    after: "at <= out.length",
    reason: outOfBounds,
  },
];

/** The entry for a mutant; `undefined` where it is none of them. */
export function equivalentOf(mutant: Mutant): Equivalent | undefined {
  return equivalents.find(
    ({ path, code, before, after }) =>
      path === mutant.path && code === mutant.code && before === mutant.before && after === mutant.after,
  );
}
