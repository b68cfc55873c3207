import { byteTokenizer } from "../../codec/prompt.ts";
import { longestPrompt, type PromptFormat } from "../../codec/prompt-format.ts";
import type { RecipeDataset } from "../schema.ts";
import type { Rows } from "./look.ts";

/** Room for the longest prompt that datasets can have, as it is worded, in a multiple of eight tokens. */
export function promptTokensFor(
  format: PromptFormat,
  datasets: readonly RecipeDataset[],
  found: readonly { readonly rows: Rows }[],
) {
  const lengths = datasets.flatMap(({ mapping: { prompt, states } }, at) => {
    const texts = prompt.kind === "fixed" ? [prompt.text] : found[at]!.rows.instructions;
    return texts.map((text) => byteTokenizer.encode(longestPrompt(format, text, states?.length ?? 0)).length);
  });
  return { promptTokens: 8 * Math.ceil(Math.max(1, ...lengths) / 8) };
}
