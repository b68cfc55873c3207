import type { PromptTokenizer } from "../codec/prompt.ts";
import { beforeResponse, type PromptFormat, saysState } from "../codec/prompt-format.ts";
import type { Texts } from "../policy/fixed-text.ts";
import { textsOf } from "../policy/prefixes.ts";
import { type Variant, type VariantName, variants } from "../policy/variant.ts";

/** The keys of a recipe that say how its policy reads text. */
export interface TextChoice {
  readonly variant: VariantName;
  readonly prompt?: PromptFormat | undefined;
  readonly responseTokens?: number | undefined;
}

/** How a policy's instructions are worded: as its recipe says, or as its variant does, before a response or not. */
export function promptFormatOf({ variant, prompt, responseTokens }: TextChoice): PromptFormat {
  const own = variants[variant].prompt;
  return prompt ?? (responseTokens === undefined ? own : beforeResponse(own));
}

/** Why a policy would never know the robot's state; `null` where it would. */
export function promptMisfit(policy: TextChoice): string | null {
  const variant = variants[policy.variant];
  const format = promptFormatOf(policy);
  const isTextOnly = variant.head === "none" || (variant.head === "flow" && variant.state === "prompt text");
  if (!isTextOnly || saysState(format)) return null;
  return `expected a format that says the state, as policy.variant "${policy.variant}" reads it nowhere else, got "${format}"`;
}

/** The fixed texts of a variant, by their tokens. */
export function textTokens(variant: Variant, tokenizer: PromptTokenizer): Texts {
  return new Map(textsOf(variant).map((text) => [text, [...tokenizer.encodeBehind(text)]]));
}
