import { byteTokenizer } from "../../codec/prompt.ts";
import type { RecipeDataset } from "../schema.ts";
import type { Rows } from "./look.ts";

/** Room for the longest instruction of datasets, in a multiple of eight tokens. */
export function promptTokensFor(datasets: readonly RecipeDataset[], found: readonly { readonly rows: Rows }[]) {
  const lengths = datasets.flatMap(({ mapping: { prompt } }, at) => {
    const texts = prompt.kind === "fixed" ? [prompt.text] : found[at]!.rows.instructions;
    return texts.map((text) => byteTokenizer.encode(text).length);
  });
  return { promptTokens: 8 * Math.ceil(Math.max(1, ...lengths) / 8) };
}
