import type { z } from "zod";
import type { PromptFormat } from "../../codec/prompt-format.ts";
import type { SizeChoice } from "../../policy/size.ts";
import type { VariantChoice } from "../../policy/variant.ts";
import type { chosenConventionsSchema } from "../conventions.ts";
import type { ForeignNames } from "./names.ts";

/** What a folder of another project says of its policy: all but its weights. */
export interface ForeignPolicy extends VariantChoice {
  readonly size: SizeChoice;
  /** Rows of the table of tokens. */
  readonly vocabulary: number;
  readonly horizon: number;
  readonly actionWidth: number;
  readonly stateWidth: number;
  readonly promptTokens: number;
  /** How prompts are worded, where its configuration says it and no processor does. */
  readonly prompt?: PromptFormat;
  /** Tokens that say a chunk of actions, at most; 0 where a policy says none. */
  readonly actionTokens: number;
  /** How it says them, where it does. */
  readonly saying?: ForeignSaying;
  /** Keys of the cameras, in the policy's order. */
  readonly cameras: readonly string[];
  /** Slots of observations, and the frames between two; now alone where it is missing. */
  readonly history?: { readonly slots: number; readonly interval: number };
  /** How it normalises by numbers among its weights, where it does. */
  readonly norms?: ForeignNorms;
  /** What its weights were trained under. */
  readonly conventions: z.infer<typeof chosenConventionsSchema>;
  /** What its files call the parameters. */
  readonly names: ForeignNames;
}

/** OpenTau's: of which version, and which of several heads, each of a robot, is meant; `null` where nobody said it. */
export interface ForeignNorms {
  readonly version: number;
  readonly head: number | null;
}

/** How a policy says its actions, beside the tokenizer of actions, which its files do not hold. */
export interface ForeignSaying {
  /** Tokens at the end of its vocabulary that say no action. */
  readonly skipped: number;
  readonly temperature: number;
}

/** An action head behind a model that is none of ours: what comes before it has only its width from the files. */
export interface ForeignHead extends ForeignPolicy {
  /** Sets of weights in its encoders and decoders, and the number of that with which a robot here begins. */
  readonly embodiments: number;
  readonly embodiment: number;
}
