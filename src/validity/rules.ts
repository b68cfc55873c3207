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
  "response-keys",
  "text-keys",
  "metadata-keys",
  "subgoal-keys",
  "history-keys",
  "history-state",
  "state-dims",
  "statistics",
  "cross-attention-keys",
  "part-denominators",
  "step-order",
] as const;

export type Rule = (typeof ruleNames)[number];

/** Which rules hold, and who hears which of them are asked about. Outside the audit and the tests: all of them, and nobody. */
export class Rules {
  readonly #broken: Rule | null;
  readonly #hears: (asked: Rule) => void;

  private constructor(broken: Rule | null, hears: (asked: Rule) => void) {
    this.#broken = broken;
    this.#hears = hears;
  }

  static readonly all: Rules = new Rules(null, () => {});

  /** All rules but one: what `audit --break` builds. */
  static without(rule: Rule): Rules {
    return new Rules(rule, () => {});
  }

  /** The same rules; a listener hears of each that a guard asks about. */
  heardBy(listener: (asked: Rule) => void): Rules {
    return new Rules(this.#broken, listener);
  }

  keeps(rule: Rule): boolean {
    this.#hears(rule);
    return rule !== this.#broken;
  }
}
