/**
 * Every rule by which padding is kept out, by the name that `audit --break` takes.
 *
 * A guard asks `rules.keeps(…)`, so that the audit can be shown to notice when one is missing.
 */
export const ruleNames = [
  "input-side",
  "inference-side",
  "loss-steps",
  "loss-dims",
  "denominator",
  "step-keys",
  "view-keys",
  "prompt-keys",
  "history-keys",
  "history-state",
  "state-dims",
  "statistics",
  "cross-attention-keys",
  "part-denominators",
  "step-order",
] as const;

export type Rule = (typeof ruleNames)[number];

/** Which rules hold. Outside the audit and the tests: all of them. */
export class Rules {
  readonly #broken: ReadonlySet<Rule>;
  readonly #asked = new Set<Rule>();

  private constructor(broken: ReadonlySet<Rule>) {
    this.#broken = broken;
  }

  static readonly all: Rules = new Rules(new Set());

  /** All rules but one: what `audit --break` builds. */
  static without(rule: Rule): Rules {
    return new Rules(new Set([rule]));
  }

  keeps(rule: Rule): boolean {
    this.#asked.add(rule);
    return !this.#broken.has(rule);
  }

  /** Whether any guard has asked for a rule: what an audit that breaks it has to know. */
  wasAsked(rule: Rule): boolean {
    return this.#asked.has(rule);
  }
}
