/** A transformer over a stream of tokens. */
export interface TrunkSize {
  readonly width: number;
  readonly layers: number;
  readonly mlp: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly headWidth: number;
}

/** An image tower in SigLIP's shape. */
export interface VisionSize {
  /** Side of the square picture and of a patch, in pixels. */
  readonly picture: number;
  readonly patch: number;
  /** Side, in patches, of the square that becomes one token of the backbone; where every patch is a token, 1. */
  readonly square: number;
  /** Tokens of a picture, where the connector has trained queries, and of no other. */
  readonly queries?: number | undefined;
  readonly width: number;
  readonly layers: number;
  readonly mlp: number;
  readonly heads: number;
  /** Of every so many layers, the last also looks back at earlier pictures of the same view. */
  readonly temporalEvery: number;
  /** Of a tower that sees motion, and of no other. */
  readonly motion?: MotionSize | undefined;
}

/** What an image tower sees of motion: how alike each patch is to those around its place in the pictures around its own. */
export interface MotionSize {
  /** The layer behind which it is added. */
  readonly after: number;
  /** Pictures, and side of the square of patches, that a patch is compared with: odd, its own in the middle. */
  readonly slots: number;
  readonly side: number;
  /** Of what is compared. */
  readonly width: number;
  /** Of what is made of one picture's likenesses, and of all of them. */
  readonly extracted: number;
  readonly fused: number;
}

/** GR00T's action transformer, with what encodes for it and decodes behind it. */
export interface DitSize {
  readonly width: number;
  readonly layers: number;
  readonly mlp: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Between the two maps of the state encoder, and of each decoder. */
  readonly state: number;
  readonly decoder: number;
  /** Sines and cosines of the time that conditions its norms. */
  readonly condition: number;
  /** Of the tokens that come out. */
  readonly output: number;
  /** Layers in which the features read each other before anything else reads them; `null`: they are taken as they come. */
  readonly features: FeatureSize | null;
  /** Trained tokens between state and actions. */
  readonly future: number;
  /** Rows of the table of places, of which a chunk has the first ones; `null`: one for each step. */
  readonly places: number | null;
  /** Of so many blocks that read features, the first reads text, the others pictures; `null`: each reads both. */
  readonly textEvery: number | null;
}

/** Layers over features, as wide as these are. */
export type FeatureSize = Omit<TrunkSize, "width" | "keyHeads">;

/** What every policy has. */
export interface PolicySize {
  readonly vision: VisionSize;
  readonly backbone: TrunkSize;
}

/** An expert of which some layers read the backbone's keys and nothing else, each by maps of its own. */
export interface InterleavedSize extends TrunkSize {
  /** Of every so many layers, the first also reads its own stream, as all layers of other experts do; 0 where none does. */
  readonly jointEvery: number;
}

/** Of a policy whose expert reads the backbone's keys: layers, heads, key heads and head width are equal. */
export interface FlowSize extends PolicySize {
  readonly expert: TrunkSize | InterleavedSize;
}

/** Of a policy with GR00T's head. */
export interface GrootSize extends PolicySize {
  readonly dit: DitSize;
}

export const policySizeNames = ["micro", "mini", "tiny", "base"] as const;

export type PolicySizeName = (typeof policySizeNames)[number];

/** One of a variant's sizes by its name, or one of its own: weights that come from elsewhere bring theirs. */
export type SizeChoice = PolicySizeName | FlowSize | GrootSize | PolicySize;

/**
 * What comes before the head, by size. `micro` is for tests: every kind of attention occurs in it twice or more, so that a layer may
 * differ from the first of its kind. `mini` is what two cores teach in minutes: its patches are small, since a policy finds a thing
 * to within a patch long before it reads where in the patch it is.
 *
 * @source `base`: openpi `gemma.py` `get_config` (gemma_2b) and `siglip.py` (So400m/14)
 */
const paligemma = {
  micro: {
    vision: { picture: 16, patch: 8, square: 1, width: 16, layers: 4, mlp: 40, heads: 2, temporalEvery: 2 },
    backbone: { width: 32, layers: 3, mlp: 64, heads: 4, keyHeads: 2, headWidth: 8 },
  },
  mini: {
    vision: { picture: 32, patch: 2, square: 1, width: 64, layers: 1, mlp: 128, heads: 2, temporalEvery: 1 },
    backbone: { width: 128, layers: 3, mlp: 256, heads: 4, keyHeads: 1, headWidth: 32 },
  },
  tiny: {
    vision: { picture: 96, patch: 16, square: 1, width: 256, layers: 4, mlp: 1024, heads: 4, temporalEvery: 4 },
    backbone: { width: 256, layers: 4, mlp: 1024, heads: 4, keyHeads: 1, headWidth: 64 },
  },
  base: {
    vision: { picture: 224, patch: 14, square: 1, width: 1152, layers: 27, mlp: 4304, heads: 16, temporalEvery: 4 },
    backbone: { width: 2048, layers: 18, mlp: 16384, heads: 8, keyHeads: 1, headWidth: 256 },
  },
} as const satisfies Record<PolicySizeName, PolicySize>;

/** @source `base`: openpi `gemma.py` `get_config` (gemma_300m) */
const pi0Experts = {
  micro: { width: 24, layers: 3, mlp: 48, heads: 4, keyHeads: 2, headWidth: 8 },
  mini: { width: 128, layers: 3, mlp: 384, heads: 4, keyHeads: 1, headWidth: 32 },
  tiny: { width: 256, layers: 4, mlp: 512, heads: 4, keyHeads: 1, headWidth: 64 },
  base: { width: 1024, layers: 18, mlp: 4096, heads: 8, keyHeads: 1, headWidth: 256 },
} as const satisfies Record<PolicySizeName, TrunkSize>;

const plain = { features: null, future: 0, places: null, textEvery: null };
const grootMicro = { state: 20, decoder: 16, condition: 8, output: 12, ...plain };
const grootMini = { state: 128, decoder: 128, condition: 128, output: 128, ...plain };
const grootTiny = { state: 256, decoder: 256, condition: 256, output: 256, ...plain };
const grootBase = { state: 1024, decoder: 1024, condition: 256, output: 1024, ...plain };

/** @source `base`: GR00T N1.6 */
const grootHeads = {
  micro: { width: 24, layers: 4, mlp: 48, heads: 3, headWidth: 8, ...grootMicro },
  mini: { width: 128, layers: 3, mlp: 384, heads: 4, headWidth: 32, ...grootMini },
  tiny: { width: 256, layers: 4, mlp: 1024, heads: 4, headWidth: 64, ...grootTiny },
  base: { width: 1536, layers: 32, mlp: 6144, heads: 32, headWidth: 48, ...grootBase },
} as const satisfies Record<PolicySizeName, DitSize>;

/** Of a policy whose backbone is all of it. */
export const headlessSizes: Readonly<Record<PolicySizeName, PolicySize>> = paligemma;

export const pi0Sizes = {
  micro: { ...paligemma.micro, expert: pi0Experts.micro },
  mini: { ...paligemma.mini, expert: pi0Experts.mini },
  tiny: { ...paligemma.tiny, expert: pi0Experts.tiny },
  base: { ...paligemma.base, expert: pi0Experts.base },
} as const satisfies Record<PolicySizeName, FlowSize>;

const queries = { micro: 3, mini: 16, tiny: 32, base: 64 } as const satisfies Record<PolicySizeName, number>;

function withQueries(size: PolicySizeName): FlowSize {
  const { vision, ...rest } = pi0Sizes[size];
  return { ...rest, vision: { ...vision, queries: queries[size] } };
}

/** π0's, with a picture's tokens by trained queries. */
export const queriesSizes: Readonly<Record<PolicySizeName, FlowSize>> = {
  micro: withQueries("micro"),
  mini: withQueries("mini"),
  tiny: withQueries("tiny"),
  base: withQueries("base"),
};

const motions = {
  micro: { after: 1, slots: 3, side: 3, width: 8, extracted: 6, fused: 10 },
  mini: { after: 0, slots: 3, side: 5, width: 32, extracted: 32, fused: 64 },
  tiny: { after: 1, slots: 5, side: 5, width: 64, extracted: 64, fused: 128 },
  base: { after: 9, slots: 5, side: 9, width: 256, extracted: 256, fused: 512 },
} as const satisfies Record<PolicySizeName, MotionSize>;

function withMotion(size: PolicySizeName): FlowSize {
  const { vision, ...rest } = pi0Sizes[size];
  return { ...rest, vision: { ...vision, motion: motions[size] } };
}

/** π0's, with a tower that sees motion. @source `base`: OpenTau `pi05_mem` `motion_module.py`, `rldx_video_encoder.py`, their defaults */
export const motionSizes: Readonly<Record<PolicySizeName, FlowSize>> = {
  micro: withMotion("micro"),
  mini: withMotion("mini"),
  tiny: withMotion("tiny"),
  base: withMotion("base"),
};

/** SigLIP and SmolLM2, of which SmolVLA keeps the first half. @source `base`: the configuration of SmolVLM2-500M-Video-Instruct */
const smolvlm = {
  micro: {
    vision: { picture: 16, patch: 4, square: 2, width: 16, layers: 2, mlp: 40, heads: 2, temporalEvery: 2 },
    backbone: { width: 32, layers: 4, mlp: 48, heads: 4, keyHeads: 2, headWidth: 8 },
  },
  mini: {
    vision: { picture: 32, patch: 2, square: 2, width: 64, layers: 1, mlp: 128, heads: 2, temporalEvery: 1 },
    backbone: { width: 128, layers: 4, mlp: 256, heads: 4, keyHeads: 2, headWidth: 32 },
  },
  tiny: {
    vision: { picture: 96, patch: 8, square: 2, width: 192, layers: 4, mlp: 768, heads: 3, temporalEvery: 4 },
    backbone: { width: 256, layers: 4, mlp: 768, heads: 4, keyHeads: 2, headWidth: 64 },
  },
  base: {
    vision: { picture: 512, patch: 16, square: 4, width: 768, layers: 12, mlp: 3072, heads: 12, temporalEvery: 4 },
    backbone: { width: 960, layers: 16, mlp: 2560, heads: 15, keyHeads: 5, headWidth: 64 },
  },
} as const satisfies Record<PolicySizeName, PolicySize>;

/** @source `base`: LeRobot `smolvlm_with_expert.py`: three quarters of the backbone's width, `get_intermediate_size` */
const smolvlaExperts = {
  micro: { width: 24, layers: 4, mlp: 48, heads: 4, keyHeads: 2, headWidth: 8, jointEvery: 2 },
  mini: { width: 96, layers: 4, mlp: 256, heads: 4, keyHeads: 2, headWidth: 32, jointEvery: 2 },
  tiny: { width: 192, layers: 4, mlp: 512, heads: 4, keyHeads: 2, headWidth: 64, jointEvery: 2 },
  base: { width: 720, layers: 16, mlp: 2048, heads: 15, keyHeads: 5, headWidth: 64, jointEvery: 2 },
} as const satisfies Record<PolicySizeName, InterleavedSize>;

export const smolvlaSizes = {
  micro: { ...smolvlm.micro, expert: smolvlaExperts.micro },
  mini: { ...smolvlm.mini, expert: smolvlaExperts.mini },
  tiny: { ...smolvlm.tiny, expert: smolvlaExperts.tiny },
  base: { ...smolvlm.base, expert: smolvlaExperts.base },
} as const satisfies Record<PolicySizeName, FlowSize>;

export const grootSizes = {
  micro: { ...paligemma.micro, dit: grootHeads.micro },
  mini: { ...paligemma.mini, dit: grootHeads.mini },
  tiny: { ...paligemma.tiny, dit: grootHeads.tiny },
  base: { ...paligemma.base, dit: grootHeads.base },
} as const satisfies Record<PolicySizeName, GrootSize>;

/**
 * `micro` has the nearer base of its rotations five times and the farther one once, as six layers of Gemma 3 have.
 *
 * @source `base`: Gemma 3 4B (transformers `configuration_gemma3.py`) on pictures of 448 px; the expert: OpenTau `configuration_pi06.py`
 */
export const pi06Sizes = {
  micro: {
    vision: { ...paligemma.micro.vision, square: 2, layers: 2 },
    backbone: { width: 16, layers: 6, mlp: 32, heads: 2, keyHeads: 1, headWidth: 8 },
    expert: { width: 16, layers: 6, mlp: 24, heads: 2, keyHeads: 1, headWidth: 8 },
  },
  mini: {
    vision: { ...paligemma.mini.vision, square: 2 },
    backbone: { width: 128, layers: 6, mlp: 256, heads: 4, keyHeads: 2, headWidth: 32 },
    expert: { width: 128, layers: 6, mlp: 256, heads: 4, keyHeads: 2, headWidth: 32 },
  },
  tiny: {
    vision: { ...paligemma.tiny.vision, square: 2 },
    backbone: { width: 256, layers: 6, mlp: 1024, heads: 4, keyHeads: 2, headWidth: 64 },
    expert: { width: 256, layers: 6, mlp: 512, heads: 4, keyHeads: 2, headWidth: 64 },
  },
  base: {
    vision: { ...paligemma.base.vision, picture: 448, square: 2 },
    backbone: { width: 2560, layers: 34, mlp: 10_240, heads: 8, keyHeads: 4, headWidth: 256 },
    expert: { width: 1280, layers: 34, mlp: 5120, heads: 8, keyHeads: 4, headWidth: 256 },
  },
} as const satisfies Record<PolicySizeName, FlowSize>;
