import type { FlowTimes } from "../flow/time.ts";

/** Flow matching: the velocity that carries noise to actions is learnt, and actions arise by Euler steps along it. */
export type FlowChoice = FlowTimes & {
  readonly kind: "flow";
  /** Euler steps from noise to actions. */
  readonly integrationSteps: number;
  /** Steps at a chunk's beginning that training gives to the policy instead of asking for them, at most; absent: none. */
  readonly maxDelay?: number | undefined;
};

/** The backbone learns to say each token of its prompt after those before it; no actions arise from it. */
export interface PromptChoice {
  readonly kind: "prompt";
}

/** The backbone says actions as tokens, each after those before it, and actions are what the tokens say. */
export interface TokensChoice {
  readonly kind: "tokens";
  /** What scores the next token: the table that tokens are read by, or weights of its own. */
  readonly scores: "embedding" | "own";
}

/** Beside a flow, the backbone says actions as tokens of a vocabulary of their own, which the flow never reads; no actions arise from it. */
export interface ActionTokensChoice {
  readonly kind: "action tokens";
}

/** The backbone learns to say each token of a sample's response after those before it, where there is one. */
export interface ResponseChoice {
  readonly kind: "response";
  readonly scores: TokensChoice["scores"];
}

/** What a policy is trained on. A new kind is a new member, and the compiler lists the places. */
export type ObjectiveChoice = FlowChoice | PromptChoice | TokensChoice | ActionTokensChoice | ResponseChoice;

/** What the loss of each objective is multiplied by; 1 where it is missing, and 0 leaves the objective out. */
export type LossWeights = { readonly [Kind in ObjectiveChoice["kind"]]?: number | undefined };
