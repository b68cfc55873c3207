import type { Batch } from "../batch/batch.ts";
import { constant, input, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { einsum } from "../graph/op/einsum.ts";
import { negate } from "../graph/op/elementwise.ts";
import { equal, select } from "../graph/op/select.ts";
import { slice } from "../graph/op/shape.ts";
import { logSoftmax } from "../graph/op/softmax.ts";
import type { Scope } from "../nn/parameter.ts";
import { embedding } from "../policy/prefix.ts";
import { Supervised, SymbolicSupervised } from "../validity/supervised.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import {
  errorsArray,
  type ObjectiveFeeds,
  type Setting,
  type TracedErrors,
  type TracedPolicy,
  teachesInput,
} from "./traced.ts";

/** Name of the errors: cross entropies of tokens. */
export const tokensName = "tokens";

/** Name of the program's input `[b n]` that holds the token after each of the prompt's. */
const nextToken = "nextToken";

/** Files in which this objective's arrays are made, by the names that an audit gives them. */
export const promptFiles: Readonly<Record<string, string>> = {
  [nextToken]: "objective/prompt.ts",
  [teachesInput(tokensName)]: "objective/prompt.ts",
  [errorsArray(tokensName)]: "objective/prompt.ts",
};

/**
 * Cross entropy, `[b n]`, of the token that follows each token of the prompt, which the backbone says with its own embedding; 0 where
 * none follows.
 */
export function promptErrors(scope: Scope, { form, layout }: Setting, { perceived }: TracedPolicy): TracedErrors {
  const { rows: b, tokens: n } = layout;
  const { stream } = perceived;
  const hidden = scope.hidden(perceived.tokens, stream.real);
  const said = slice(hidden, "n", stream.length - n, stream.length);
  const logits = einsum("b n e, y e -> b n y", said, embedding(scope, form));
  const chosen = pick(logSoftmax(logits), input(nextToken, "b n", [b, n], "int32"));
  const { teaches } = SymbolicSupervised.input(teachesInput(tokensName), "b n", [b, n]);
  const everywhere = SymbolicValidity.complete("b n", [b, n]);
  const cells = scope.watch(errorsArray(tokensName), select(teaches, negate(chosen), 0), everywhere);
  return { name: tokensName, cells, sums: sum(cells, "b") };
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

/** The tokens that follow, and which of them exist. */
export function promptFeeds(batch: Batch): ObjectiveFeeds {
  const { tokenReal } = batch.facts;
  const [rows = 0, length = 0] = tokenReal.shape;
  const next = zeros("b n", [rows, length], "int32");
  const teaching = new Uint8Array(rows * length);
  batch.prompt.read(({ cells }) => {
    for (let at = 0; at < rows * length; at++) {
      const isLast = at % length === length - 1;
      if (isLast || !tokenReal.isReal(at) || !tokenReal.isReal(at + 1)) continue;
      next.cells[at] = cells[at + 1]!;
      teaching[at] = 1;
    }
  });
  const supervised = Supervised.tokens(Validity.of("b n", [rows, length], teaching));
  return {
    feeds: new Map<string, HostArray<"b n", "int32" | "bool">>([
      [nextToken, next],
      [teachesInput(tokensName), supervised.toArray()],
    ]),
    counts: { bySlot: Supervised.countByRow(supervised), perSlot: length },
  };
}
