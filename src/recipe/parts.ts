import { type Embodiment, slots } from "../embodiment/embodiment.ts";
import type { HeadName, Part } from "../policy/head/form.ts";
import { type Variant, type VariantName, variants } from "../policy/variant.ts";

/** The keys of a recipe that divide actions into parts. */
export interface ActionParts {
  readonly variant: VariantName;
  readonly actionWidth: number;
  /** `null`: one part of every slot. */
  readonly parts: readonly Part[] | null;
}

/** The action head of a policy. */
export function headOf({ variant }: { readonly variant: VariantName }): HeadName {
  return variants[variant].head;
}

/** The parts that a head decodes, each with its own term of the loss. */
export function partsOf(policy: ActionParts): readonly Part[] {
  return policy.parts ?? [wholeAction(policy)];
}

/** Whether the action head of a policy has a decoder for each part. */
export function decodesParts(variant: VariantName): boolean {
  const row: Variant = variants[variant];
  return row.head === "groot" && row.decoder === "by part";
}

/** Every slot as one part. */
export function wholeAction({ actionWidth }: Pick<ActionParts, "actionWidth">): Part {
  return { name: "velocity", slots: [...Array(actionWidth).keys()] };
}

/** Which dofs of a robot no part decodes: they would not be trained and would not move. Empty where there are none. */
export function partProblems(policy: ActionParts, name: string, { dofs, target }: Embodiment): string[] {
  if (!decodesParts(policy.variant) || target === "none") return [];
  const decoded = new Set(partsOf(policy).flatMap((part) => part.slots));
  const left = dofs.filter((_, at) => !decoded.has(slots(dofs)[at]!));
  if (left.length === 0) return [];
  const list = left.map((dof) => `"${dof.name}" (slot ${dof.slot})`).join(", ");
  return [`${name}: expected every dof in a slot of policy.parts, got ${list} in none`];
}

/** Why weights by embodiment would be read as another robot's, as they are numbered by normalisation group; empty where they would not. */
export function embodimentWeightProblems(
  head: HeadName,
  trained: readonly string[],
  found: readonly string[],
): string[] {
  if (head === "flow" || found.every((name, at) => trained[at] === name)) return [];
  return [
    `expected the normalisation groups that the weights were trained on in their order (${trained.join(", ")}), got ${found.join(", ")}`,
  ];
}
