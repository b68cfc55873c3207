import type { Batch } from "../batch/batch.ts";
import { slice } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { tokenScores } from "../policy/answer.ts";
import type { ResponseChoice } from "../policy/objective-choice.ts";
import { tokenErrors, tokenFeeds } from "./token-error.ts";
import {
  errorsArray,
  type ObjectiveFeeds,
  type Setting,
  type TracedErrors,
  type TracedPolicy,
  teachesInput,
} from "./traced.ts";

/** Name of the errors: cross entropies of a response's tokens. */
export const responseName = "response";

/** What is taught, and the program's input `[b n]` that holds the token after each of the response's. */
const response = { name: responseName, next: "nextResponseToken" } as const;

/** Files in which this objective's arrays are made, by the names that an audit gives them. */
export const responseFiles: Readonly<Record<string, string>> = {
  [response.next]: "objective/token-error.ts",
  [teachesInput(responseName)]: "objective/token-error.ts",
  [errorsArray(responseName)]: "objective/token-error.ts",
};

/**
 * Cross entropy, `[b n]`, of the token that follows each token of a sample's response; 0 where none follows, or it stands there whatever
 * the response is.
 *
 * @source OpenTau `modeling_pi05.py` `forward`
 */
export function responseErrors(
  scope: Scope,
  { form }: Setting,
  { perceived: { stream, tokens } }: TracedPolicy,
  choice: ResponseChoice,
): TracedErrors {
  const { start, end } = stream.spanOf("response");
  const said = slice(scope.hidden(tokens, stream.real), "n", start, end);
  return tokenErrors(scope, tokenScores(scope, form, choice, said), response);
}

/** The tokens that follow, and which of them a policy learns to say. */
export function responseFeeds({ response: tokens, facts }: Batch, given: number): ObjectiveFeeds {
  const [rows = 0, length = 0] = facts.responseReal.shape;
  const isReal = (at: number) => facts.responseReal.isReal(at);
  const isSaid = (at: number) => at % length >= given;
  return tokens.read(({ cells }) => tokenFeeds({ cells, isReal, isSaid }, [rows, length], response));
}
