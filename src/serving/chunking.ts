import type { Chunking } from "../objective/chunking.ts";
import { timeDirectionOf, variants } from "../policy/variant.ts";
import type { Recipe } from "../recipe/schema.ts";

/** Ways by which a chunk goes on from the one before it, as commands name them. */
export const chunkingNames = ["none", "frozen", "guided", "guided-as-lerobot"] as const;

export type ChunkingName = (typeof chunkingNames)[number];

/**
 * The way that a name stands for. Guided ones heed all that is left of the chunk before.
 *
 * @source LeRobot `RTCConfig`: a linear schedule and a weight of at most 10; `guided-as-lerobot` also differentiates as LeRobot 0.6.1 does
 */
export function chunkingOf(name: ChunkingName): Chunking | undefined {
  const guided = { kind: "guided", schedule: "linear", greatestWeight: 10, horizon: null } as const;
  switch (name) {
    case "none":
      return undefined;
    case "frozen":
      return { kind: "frozen" };
    case "guided":
      return { ...guided, gradient: "whole" };
    case "guided-as-lerobot":
      return { ...guided, gradient: "first term" };
  }
}

/** Why a policy's chunks cannot go on so; `null` where they can. */
export function chunkingProblem(chunking: Chunking | undefined, { policy }: Pick<Recipe, "policy">): string | null {
  if (chunking === undefined) return null;
  const { variant, maxDelay = 0 } = policy;
  if (timeDirectionOf(variants[variant]) === "none")
    return `chunking: expected "none" with policy.variant "${variant}", which has no flow, got "${chunking.kind}"`;
  if (chunking.kind === "frozen" && maxDelay === 0)
    return 'chunking: expected a policy that was trained with policy.maxDelay, got one without; train it so, or use "guided"';
  return null;
}
