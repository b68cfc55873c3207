import type { Batch } from "../batch/batch.ts";
import { einsum } from "../graph/op/einsum.ts";
import { slice } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { embedding } from "../policy/prefix.ts";
import { tokenErrors, tokenFeeds, tokensName } from "./token-error.ts";
import {
  errorsArray,
  type ObjectiveFeeds,
  type Setting,
  type TracedErrors,
  type TracedPolicy,
  teachesInput,
} from "./traced.ts";

/** What is taught, and the program's input `[b n]` that holds the token after each of the prompt's. */
const prompt = { name: tokensName, next: "nextToken" } as const;

/** Files in which this objective's arrays are made, by the names that an audit gives them. */
export const promptFiles: Readonly<Record<string, string>> = {
  [prompt.next]: "objective/token-error.ts",
  [teachesInput(tokensName)]: "objective/token-error.ts",
  [errorsArray(tokensName)]: "objective/token-error.ts",
};

/**
 * Cross entropy, `[b n]`, of the token that follows each token of the prompt, which the backbone says with its own embedding; 0 where
 * none follows.
 */
export function promptErrors(scope: Scope, { form }: Setting, { perceived }: TracedPolicy): TracedErrors {
  const { stream } = perceived;
  const { start, end } = stream.spanOf("prompt");
  const said = slice(scope.hidden(perceived.tokens, stream.real), "n", start, end);
  return tokenErrors(scope, einsum("b n e, y e -> b n y", said, embedding(scope, form)), prompt);
}

/** The tokens that follow, and which of them exist. */
export function promptFeeds({ prompt: tokens, facts }: Batch): ObjectiveFeeds {
  const [rows = 0, length = 0] = facts.tokenReal.shape;
  const isReal = (at: number) => facts.tokenReal.isReal(at);
  return tokens.read(({ cells }) => tokenFeeds({ cells, isReal, isSaid: () => true }, [rows, length], prompt));
}
