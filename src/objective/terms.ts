import type { UnrealInput } from "../flow/path.ts";
import type { Reduction, Term } from "../loss/reduction.ts";
import type { Part } from "../policy/head/form.ts";
import type { ObjectiveChoice } from "../policy/objective-choice.ts";
import { type PolicyForm, timeEmbeddingOf } from "../policy/policy.ts";
import { stateDropoutOf } from "../policy/variant.ts";
import type { Rules } from "../validity/rules.ts";
import { velocityName } from "./flow.ts";
import { responseName } from "./response.ts";
import type { ObjectiveTarget } from "./target.ts";
import { tokensName } from "./token-error.ts";

/** What the terms of an objective follow from. */
export interface TermChoice {
  readonly reduction: Reduction;
  /** What each of the objective's terms is multiplied by. */
  readonly weight: number;
  /** Of the action: each is a term of its own. */
  readonly parts: readonly Part[];
  readonly rules: Rules;
}

/** The terms of an objective: of a flow one for each part, with a denominator of its own. */
export function objectiveTerms(objective: ObjectiveChoice, { reduction, weight, parts, rules }: TermChoice): Term[] {
  const term = (errors: string, { name, slots }: Part): Term => ({ name, errors, slots, reduction, weight });
  switch (objective.kind) {
    case "flow":
      if (parts.length < 2 || rules.keeps("part-denominators")) return parts.map((part) => term(velocityName, part));
      return [term(velocityName, { name: "parts", slots: parts.flatMap(({ slots }) => slots) })];
    case "prompt":
    case "tokens":
    case "action tokens":
      return [term(tokensName, { name: tokensName, slots: [0] })];
    case "response":
      return [term(responseName, { name: responseName, slots: [0] })];
  }
}

/** What of a policy's draws is neither its variant's nor its size's. */
export interface TargetChoice {
  readonly unrealInput: UnrealInput;
  /** Tokens of a response that stand there whatever it is. */
  readonly given: number;
}

/** What the draws of a policy's objectives follow from. */
export function objectiveTargets(form: PolicyForm, choice: TargetChoice): ObjectiveTarget[] {
  return form.variant.objectives.map((objective) => objectiveTarget(objective, form, choice));
}

function objectiveTarget(
  objective: ObjectiveChoice,
  form: PolicyForm,
  { unrealInput, given }: TargetChoice,
): ObjectiveTarget {
  switch (objective.kind) {
    case "flow": {
      const { integrationSteps: _, maxDelay = 0, ...times } = objective;
      const stateDropout = stateDropoutOf(form.variant);
      return { ...times, unrealInput, embedding: timeEmbeddingOf(form), stateDropout, maxDelay };
    }
    case "prompt":
    case "tokens":
      return { kind: objective.kind };
    case "action tokens":
      return { kind: "action tokens", vocabulary: form.vocabulary };
    case "response":
      return { kind: "response", given };
  }
}
