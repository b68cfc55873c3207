import type { LayerChoice } from "../nn/layer.ts";
import type { NormChoice } from "../nn/norm.ts";
import type { InterleavedSize, TrunkSize } from "./size.ts";

/** Which tokens a layer reads, and how it knows how far they are. */
export interface AttentionRange {
  /**
   * How many real tokens a token may read, itself and those closest before it; `none`: all. Tokens that read each other both ways do
   * so at any distance.
   */
  readonly window: number | "none";
  /** Of the rotation of queries and keys by their positions. An expert's is that of the backbone whose keys it reads. */
  readonly ropeBase: number;
}

/** What a transformer over a stream is made of, whatever its size. */
export interface TrunkChoice {
  readonly layer: LayerChoice;
  /** Behind the last layer. */
  readonly lastNorm: NormChoice;
  /** Of the first layer, the second and so on; behind the last range comes the first again. */
  readonly ranges: readonly [AttentionRange, ...AttentionRange[]];
}

/** A trunk that reads tokens of words by a table, which also says them where an objective asks for it. */
export interface BackboneChoice extends TrunkChoice {
  /** What the table's rows are multiplied by. */
  readonly embeddingScale: EmbeddingScale;
  /** What tokens of pictures are multiplied by. */
  readonly pictureScale: EmbeddingScale;
  readonly positions: PositionChoice;
}

/**
 * Where the tokens of a stream stand, those of an expert that continues it as well.
 *
 * `one axis`: each real token one behind the last. `three axes`: a picture's tokens at one place in time, at their row and at their column,
 * and what comes behind it after as many places as it has rows; all other tokens as on one axis (Qwen's interleaved multi-axis rope).
 */
export type PositionChoice = "one axis" | "three axes";

export type EmbeddingScale = "root of width" | "one";

/** A trunk that continues the backbone's stream, and how the time of the flow gets into it. */
export interface ExpertChoice extends TrunkChoice {
  /** `joined`: each noisy action and the time make one token (π0). `condition`: adaptive norms follow the time (π0.5). */
  readonly time: "joined" | "condition";
}

/** A trunk at a size. */
export interface TrunkForm {
  readonly choice: TrunkChoice;
  readonly size: TrunkSize | InterleavedSize;
}

const gemmaNorm: NormChoice = { kind: "rms", weight: "offset", epsilon: 1e-6 };

const gemmaTrunk: TrunkChoice = {
  layer: {
    norms: { attention: gemmaNorm, mlp: gemmaNorm, added: "none", queryKey: "none" },
    mlp: { kind: "gated", activation: "gelu-tanh" },
    bias: "none",
  },
  lastNorm: gemmaNorm,
  ranges: [{ window: "none", ropeBase: 10_000 }],
};

const paligemma: BackboneChoice = {
  ...gemmaTrunk,
  embeddingScale: "root of width",
  pictureScale: "one",
  positions: "one axis",
};

const llamaNorm: NormChoice = { kind: "rms", weight: "gain", epsilon: 1e-5 };

const llamaTrunk: TrunkChoice = {
  layer: {
    norms: { attention: llamaNorm, mlp: llamaNorm, added: "none", queryKey: "none" },
    mlp: { kind: "gated", activation: "silu" },
    bias: "none",
  },
  lastNorm: llamaNorm,
  ranges: [{ window: "none", ropeBase: 10_000 }],
};

const near: AttentionRange = { window: "none", ropeBase: 10_000 };

/** Of six layers, the last has a base of its own. π0.6 reads all of its stream in each, whatever Gemma 3's window is. */
const gemma3Ranges: TrunkChoice["ranges"] = [near, near, near, near, near, { window: "none", ropeBase: 1_000_000 }];

/**
 * @source `gemma`: openpi `gemma.py`. `gemmaByAxes`: OpenTau `pi05_mem`, `rope_type` `mrope_interleaved`. `smolvla`: SmolLM2 as LeRobot's SmolVLA runs it, `smolvlm_with_expert.py` `apply_rope` and
 *   `modeling_smolvla.py` `embed_prefix`; SmolLM2 by itself has the rope base 100,000 and scales nothing. `gemma3`: transformers
 *   `modeling_gemma3.py`; π0.6's masks: OpenTau `modeling_pi06.py`
 */
export const backbones = {
  gemma: paligemma,
  gemmaByAxes: { ...paligemma, positions: "three axes" },
  smolvla: {
    ...llamaTrunk,
    embeddingScale: "root of width",
    pictureScale: "root of width",
    positions: "one axis",
  },
  gemma3: {
    layer: {
      ...gemmaTrunk.layer,
      norms: { attention: gemmaNorm, mlp: gemmaNorm, added: gemmaNorm, queryKey: gemmaNorm },
    },
    lastNorm: gemmaNorm,
    ranges: gemma3Ranges,
    embeddingScale: "root of width",
    pictureScale: "one",
    positions: "one axis",
  },
} as const satisfies Record<string, BackboneChoice>;

const adaptive: NormChoice = { kind: "adaptive-rms", epsilon: 1e-6 };

/** Gemma's layers, whose norms follow the time of the flow. */
const adaptiveTrunk = {
  layer: { ...gemmaTrunk.layer, norms: { ...gemmaTrunk.layer.norms, attention: adaptive, mlp: adaptive } },
  lastNorm: adaptive,
  time: "condition",
} as const;

/** @source `gemma`, `adaptiveGemma`: openpi `gemma.py`, `pi0.py`. `smolvla`: LeRobot `smolvlm_with_expert.py`, `modeling_smolvla.py` */
export const experts = {
  gemma: { ...gemmaTrunk, time: "joined" },
  adaptiveGemma: { ...adaptiveTrunk, ranges: gemmaTrunk.ranges },
  smolvla: { ...llamaTrunk, time: "joined" },
  /** At the bases of the Gemma 3 that it reads. */
  adaptiveGemmaOn3: { ...adaptiveTrunk, ranges: gemma3Ranges },
} as const satisfies Record<string, ExpertChoice>;
