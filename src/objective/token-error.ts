import { constant, input, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { negate } from "../graph/op/elementwise.ts";
import { equal, select } from "../graph/op/select.ts";
import { pad } from "../graph/op/shape.ts";
import { logSoftmax } from "../graph/op/softmax.ts";
import type { Scope } from "../nn/parameter.ts";
import { Supervised, SymbolicSupervised } from "../validity/supervised.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import { errorsArray, type ObjectiveFeeds, type TracedErrors, teachesInput } from "./traced.ts";

/** Name of the errors: cross entropies of tokens. */
export const tokensName = "tokens";

/** Tokens that an objective teaches. */
export interface TaughtTokens {
  /** Of the errors. */
  readonly name: string;
  /** Name of the program's input `[b n]` that holds the token after each. */
  readonly next: string;
}

/**
 * Cross entropy, `[b n]`, of the token that follows each token; 0 where none follows.
 *
 * @param scores of every token of the vocabulary, `[b n y]`
 */
export function tokenErrors(scope: Scope, scores: SymbolicArray<"b n y">, { name, next }: TaughtTokens): TracedErrors {
  const shape = [sizeOf(scores, "b"), sizeOf(scores, "n")];
  const chosen = pick(logSoftmax(scores), input(next, "b n", shape, "int32"));
  const { teaches } = SymbolicSupervised.input(teachesInput(name), "b n", shape);
  const everywhere = SymbolicValidity.complete("b n", shape);
  const cells = scope.watch(errorsArray(name), select(teaches, negate(chosen), 0), everywhere);
  return { name, cells, sums: sum(toWholeBlocks(cells), "b") };
}

/** Cells that the runtime adds up at once, from an address that is a multiple of so many. */
const block = 4;

/**
 * Rows of a length at which each begins where the runtime begins to add: of others the cells are added in an order that depends on where
 * the row stands in the batch, and so do the last bits of its sum.
 */
function toWholeBlocks(cells: SymbolicArray<"b n">): SymbolicArray<"b n"> {
  const excess = sizeOf(cells, "n") % block;
  return excess === 0 ? cells : pad(cells, "n", 0, block - excess);
}

/** Of each row's cells `[b n y]` the one of an index `[b n]`. */
function pick(values: SymbolicArray<"b n y">, index: SymbolicArray<"b n", "int32">): SymbolicArray<"b n"> {
  const size = sizeOf(values, "y");
  const every = constant(
    new HostArray(
      "y",
      [size],
      "int32",
      Int32Array.from({ length: size }, (_, at) => at),
    ),
  );
  const form = { axes: "b n y", shape: values.shape, type: "int32" } as const;
  return sum(select(equal(alignTo(index, form), alignTo(every, form)), values, 0), "b n");
}

/** Tokens of the rows of a batch. */
interface RowTokens {
  readonly cells: Int32Array;
  readonly isReal: (at: number) => boolean;
  /** Whether a token is one that has to be said, where it follows another: some stand there anyway. */
  readonly isSaid: (at: number) => boolean;
}

/** The tokens that follow, where one that exists follows one that exists: those teach, each as much as the others. */
export function tokenFeeds(
  tokens: RowTokens,
  [rows, length]: readonly [rows: number, length: number],
  { name, next }: TaughtTokens,
): ObjectiveFeeds {
  const following = zeros("b n", [rows, length], "int32");
  const teaching = new Uint8Array(rows * length);
  for (let at = 0; at < rows * length; at++) {
    const isLast = at % length === length - 1;
    if (isLast || !tokens.isSaid(at + 1) || !tokens.isReal(at) || !tokens.isReal(at + 1)) continue;
    following.cells[at] = tokens.cells[at + 1]!;
    teaching[at] = 1;
  }
  const supervised = Supervised.tokens(Validity.of("b n", [rows, length], teaching));
  return {
    feeds: new Map<string, HostArray<"b n", "int32" | "bool">>([
      [next, following],
      [teachesInput(name), supervised.toArray()],
    ]),
    counts: { bySlot: Supervised.countByRow(supervised), perSlot: length },
  };
}
