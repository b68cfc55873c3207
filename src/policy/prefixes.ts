import type { PrefixSegment } from "./prefix.ts";

const paligemma = [
  { tokens: "pictures", sight: "within" },
  { tokens: "prompt", sight: "joins-previous" },
] as const satisfies readonly PrefixSegment[];

/** Words read those before them alone. */
const causalWords = [
  { tokens: "pictures", sight: "within" },
  { tokens: "prompt", sight: "causal" },
] as const satisfies readonly PrefixSegment[];

/** What backbones read, in order. Of π0.7's separators a sample has those that stand beside what it has itself. */
export const prefixes = {
  paligemma,
  causalWords,
  pi05Mem: [...paligemma, { tokens: "state", sight: "joins-previous" }],
  smolvla: [...paligemma, { tokens: "state", sight: "within" }],
  /** Words read those before them alone; the state's tokens, and the patches of a subgoal, each other. */
  pi07: [
    ...causalWords,
    { tokens: "text", text: "State: ", of: "all", sight: "causal" },
    { tokens: "state", sight: "within" },
    { tokens: "text", text: ", ", of: "any", sight: "causal" },
    { tokens: "text", text: ":\n", of: "none", sight: "causal" },
    { tokens: "response", sight: "causal" },
    { tokens: "metadata", sight: "causal" },
    { tokens: "text", text: ";\n ", of: "any", sight: "causal" },
    { tokens: "text", text: "Subgoal: ", of: "subgoal", sight: "causal" },
    { tokens: "subgoals", sight: "within" },
    { tokens: "text", text: ", ", of: "subgoal", sight: "causal" },
  ],
  /** Response, metadata, and subgoals with what stands behind them: each reads itself and all before it, and nothing before reads it. */
  pi07Paligemma: [
    ...paligemma,
    { tokens: "text", text: "State: ", of: "all", sight: "joins-previous" },
    { tokens: "state", sight: "joins-previous" },
    { tokens: "text", text: ", ", of: "response", sight: "joins-previous" },
    { tokens: "response", sight: "within" },
    { tokens: "text", text: ", ", of: "metadata", sight: "joins-previous" },
    { tokens: "metadata", sight: "within" },
    { tokens: "text", text: ", ", of: "subgoal", sight: "joins-previous" },
    { tokens: "text", text: "Subgoal: ", of: "subgoal", sight: "within" },
    { tokens: "subgoals", sight: "joins-previous" },
    { tokens: "text", text: ":\n", of: "all", sight: "joins-previous" },
  ],
} as const satisfies Record<string, readonly PrefixSegment[]>;

/** What has a prefix. */
interface Prefixed {
  readonly prefix: readonly PrefixSegment[];
}

/** The fixed texts of a prefix, each once. */
export function textsOf({ prefix }: Prefixed): readonly string[] {
  return [...new Set(prefix.flatMap((part) => (part.tokens === "text" ? [part.text] : [])))];
}

/** Whether a prefix has such a segment. */
export function reads({ prefix }: Prefixed, tokens: PrefixSegment["tokens"]): boolean {
  return prefix.some((part) => part.tokens === tokens);
}
