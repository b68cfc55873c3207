import { timeDirectionOf, type VariantChoice, variantOf } from "../policy/variant.ts";

/**
 * Why a policy cannot be given so many of a chunk's first steps; `null` where it can.
 *
 * A step has to be left that is asked for, and only a flow takes steps that are given.
 */
export function delayProblem(policy: VariantChoice & { readonly actionHorizon: number }): string | null {
  const { variant, maxDelay = 0, actionHorizon } = policy;
  if (maxDelay > 0 && timeDirectionOf(variantOf(policy)) === "none")
    return `expected 0 with policy.variant "${variant}", which learns no flow, got ${maxDelay}`;
  return maxDelay < actionHorizon
    ? null
    : `expected fewer than policy.actionHorizon (${actionHorizon}), got ${maxDelay}`;
}
