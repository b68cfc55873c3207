import type { ExpertChoice } from "../backbone.ts";
import type { DitSize, InterleavedSize, TrunkSize } from "../size.ts";

/**
 * Which vision-language tokens a cross-attending head reads: those that exist, or, as GR00T was released, every one. A released head whose
 * blocks read text and pictures by turns (N1.7) heeds the mask there, but not where the tokens read each other before.
 *
 * @source GR00T issue 417: upstream's head receives the mask and drops it; LeRobot `cross_attention_dit.py` `AlternateVLDiT`,
 *   `SelfAttentionTransformer`
 */
export const crossAttentionKeys = ["real", "asReleasedGr00t"] as const;

export type CrossAttentionKeys = (typeof crossAttentionKeys)[number];

/**
 * Which steps of its chunk an action step reads: itself and earlier ones, or all.
 *
 * Under `causal` what a step computes does not depend on whether later ones exist. Under `both` it does, and in training that says
 * how soon the episode ends: π0's and GR00T's released weights were trained so.
 *
 * @source `both`: openpi `pi0.py` `embed_suffix`, GR00T `flow_matching_action_head.py`; `causal`: SmolVLA `modeling_smolvla.py`
 */
export const actionSights = ["causal", "both"] as const;

export type ActionSight = (typeof actionSights)[number];

/**
 * What training makes of the steps past an episode's end. A causal policy knows nothing but `hidden`.
 *
 * `hidden`: they are no keys and do not teach. `seen`: they are keys, with 0 at the input, and do not teach. `repeated`: keys that
 * hold a copy of the last action, and do not teach. `taught`: the same, and they teach. `inside`: no sample has any, since windows
 * that reach past the end are left out.
 *
 * @source `repeated`: openpi PR 894; `taught`: openpi and LeRobot π0 as released; `inside`: GR00T `lerobot_episode_loader.py`
 */
export const pastEnds = ["hidden", "seen", "repeated", "taught", "inside"] as const;

export type PastEnd = (typeof pastEnds)[number];

/** Whether a copy of the last action stands in the steps past an episode's end. */
export function repeatsLastAction(pastEnd: PastEnd): boolean {
  return pastEnd === "repeated" || pastEnd === "taught";
}

/** How the steps of an action see each other, and those that do not exist. */
export interface ActionSteps {
  /** Steps of a chunk. A causal policy may be asked for the first of them alone. */
  readonly horizon: number;
  readonly actionSight: ActionSight;
  readonly pastEnd: PastEnd;
}

/**
 * How a policy whose expert continues the backbone's stream perceives the robot's state.
 *
 * `suffix token`: one token per observation slot, before the actions (π0). `prefix token`: the same, where the prefix has them (SmolVLA).
 * `prompt text`: the state now is a part of the prompt, as its format says (π0.5).
 */
export type StateChoice = "suffix token" | "prefix token" | "prompt text";

/** Some slots of the action that belong together: an arm, a gripper. No two parts share a slot. */
export interface Part {
  readonly name: string;
  readonly slots: readonly number[];
}

/** π0's: an expert that continues the backbone's stream and reads its keys and values. */
export interface FlowHead extends ActionSteps {
  readonly kind: "flow";
  readonly state: StateChoice;
  readonly expert: ExpertForm;
  /** Whether what the expert makes of the backbone's keys and values teaches the backbone nothing. */
  readonly insulated: boolean;
}

/** An expert at a size: layers, heads, key heads and head width are the backbone's. */
export interface ExpertForm {
  readonly choice: ExpertChoice;
  readonly size: TrunkSize | InterleavedSize;
}

/** What makes velocities of a head's tokens: a decoder for each part of the robot, or one for every slot, as GR00T was released. */
export type GrootDecoder = "by part" | "one";

/** GR00T's: a transformer of its own that reads the backbone's tokens by cross-attention, with weights by embodiment. */
export interface GrootHead extends ActionSteps {
  readonly kind: "groot";
  readonly size: DitSize;
  readonly decoder: GrootDecoder;
  /** Where each has a decoder of its own; slots of no part get the velocity 0. */
  readonly parts: readonly Part[];
  /** Sets of weights in the encoders and decoders. */
  readonly embodiments: number;
  readonly crossAttentionKeys: CrossAttentionKeys;
}

/** π0-FAST's: the backbone says actions as tokens by itself, so nothing stands behind it. */
export interface NoHead extends ActionSteps {
  readonly kind: "none";
}

/** What turns an observation, and noisy actions where there is a flow, into actions. */
export type Head = FlowHead | GrootHead | NoHead;

export type HeadName = Head["kind"];

/** Heads that make a velocity of noisy actions. */
export const flowHeadNames = ["flow", "groot"] as const satisfies readonly HeadName[];

export type FlowHeadName = (typeof flowHeadNames)[number];
