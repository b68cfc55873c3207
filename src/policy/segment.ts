import type { Scope } from "../nn/parameter.ts";
import type { Rule } from "../validity/rules.ts";
import { type SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";

/** How the tokens of one segment see each other. Every segment sees all earlier segments. */
export type Sight = "within" | "causal" | "joins-previous";

/** Tokens `[b n e]`, real by `[b n]`. */
export type Tokens = SymbolicPadded<"b n e", "float32", "b n">;

/** The rule that hides those tokens of a segment that do not exist, by what the segment is made of; `null`: they always exist. */
export const keyRules = {
  pictures: "view-keys",
  prompt: "prompt-keys",
  response: "response-keys",
  state: "history-state",
  text: "text-keys",
  metadata: "metadata-keys",
  subgoals: "subgoal-keys",
  actions: "step-keys",
  future: null,
} as const satisfies Record<string, Rule | null>;

/** Tokens of a stream by what they are made of: all of them, those of pictures, or the others. */
export type TokensOf = "all" | "pictures" | "text";

export interface Segment {
  /** What it is made of: says which rule hides its keys, and appears in errors and in the audit. */
  readonly name: keyof typeof keyRules | "answer" | "said";
  readonly tokens: Tokens;
  /** Which tokens may be read: those that exist, or, where weights were trained so, every one or also some that do not exist. */
  readonly keys: "real" | "every" | SymbolicValidity<"b n">;
  readonly sight: Sight;
  /** Of tokens that read each other `within`: in how many parts of equal length they do; one, where it is missing. */
  readonly parts?: number;
}

/** Which observation slots may be read, `[b n]`: those that exist. */
export function slotKeys({ rules }: Scope, real: SymbolicValidity<"b n">): SymbolicValidity<"b n"> {
  return rules.keeps("history-keys") ? real : SymbolicValidity.complete("b n", real.isReal.shape);
}
