/** Where on the flow's path noise stands: time 1 in π0 and openpi, time 0 in GR00T. */
export const timeDirections = ["noise-at-one", "noise-at-zero"] as const;

export type TimeDirection = (typeof timeDirections)[number];

/**
 * Which vision-language tokens a cross-attending head reads: those that exist, or, as GR00T was released, every one.
 *
 * @source GR00T issue 417: upstream's head receives the mask and drops it
 */
export const crossAttentionKeys = ["real", "asReleasedGr00t"] as const;

export type CrossAttentionKeys = (typeof crossAttentionKeys)[number];

/**
 * Whether the steps of an action read those past the episode's end: they do not, unless weights were trained so.
 *
 * @source openpi `pi0.py`: released π0 weights see every step of the chunk
 */
export const pastEndKeys = ["hidden", "seen"] as const;

export type PastEndKeys = (typeof pastEndKeys)[number];

/** Some slots of the action that belong together: an arm, a gripper. No two parts share a slot. */
export interface Part {
  readonly name: string;
  readonly slots: readonly number[];
}

/** π0's: an expert that continues the backbone's stream and reads its keys and values. */
export interface FlowHead {
  readonly kind: "flow";
  readonly pastEndKeys: PastEndKeys;
}

/** GR00T's: a transformer of its own that reads the backbone's tokens by cross-attention, with weights by embodiment. */
export interface GrootHead {
  readonly kind: "groot";
  /** Each has a decoder of its own; slots of no part get the velocity 0. */
  readonly parts: readonly Part[];
  /** Sets of weights in the encoders and decoders. */
  readonly embodiments: number;
  readonly crossAttentionKeys: CrossAttentionKeys;
  readonly pastEndKeys: PastEndKeys;
}

/** What turns an observation and noisy actions into a velocity. */
export type Head = FlowHead | GrootHead;

export const headNames = ["flow", "groot"] as const satisfies readonly Head["kind"][];

export type HeadName = (typeof headNames)[number];

/**
 * How the time of the flow becomes numbers, `[b t e]`.
 *
 * `continuous`: sines and cosines of the time itself. `buckets`: of the thousandth that it lies in, twice: for the tokens of the
 * actions, then for the condition of the norms.
 */
export type TimeEmbedding =
  | { readonly kind: "continuous"; readonly width: number }
  | { readonly kind: "buckets"; readonly tokens: number; readonly condition: number };

/** Numbers that stand for one time. */
export function timeWidth(embedding: TimeEmbedding): number {
  return embedding.kind === "continuous" ? embedding.width : embedding.tokens + embedding.condition;
}
