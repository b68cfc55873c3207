import type { LayerChoice } from "../nn/layer.ts";
import type { NormChoice } from "../nn/norm.ts";
import type { TrunkSize } from "./size.ts";

/** What a transformer over a stream is made of, whatever its size. */
export interface TrunkChoice {
  readonly layer: LayerChoice;
  /** Behind the last layer. */
  readonly lastNorm: NormChoice;
  /** Of the rotation of queries and keys by their positions. */
  readonly ropeBase: number;
}

/** A trunk that reads tokens of words by a table, which also says them where an objective asks for it. */
export interface BackboneChoice extends TrunkChoice {
  /** What the table's rows are multiplied by. */
  readonly embeddingScale: "root of width" | "one";
}

/** A trunk that continues the backbone's stream, and how the time of the flow gets into it. */
export interface ExpertChoice extends TrunkChoice {
  /** `joined`: each noisy action and the time make one token (π0). `condition`: adaptive norms follow the time (π0.5). */
  readonly time: "joined" | "condition";
}

/** A trunk at a size. */
export interface TrunkForm {
  readonly choice: TrunkChoice;
  readonly size: TrunkSize;
}

const gemmaNorm: NormChoice = { kind: "rms", weight: "offset", epsilon: 1e-6 };

const gemmaTrunk: TrunkChoice = {
  layer: {
    norms: { attention: gemmaNorm, mlp: gemmaNorm },
    mlp: { kind: "gated", activation: "gelu-tanh" },
    bias: "none",
  },
  lastNorm: gemmaNorm,
  ropeBase: 10_000,
};

/** @source openpi `gemma.py` */
export const backbones = {
  gemma: { ...gemmaTrunk, embeddingScale: "root of width" },
} as const satisfies Record<string, BackboneChoice>;

/** @source openpi `gemma.py`, `pi0.py` */
export const experts = {
  gemma: { ...gemmaTrunk, time: "joined" },
} as const satisfies Record<string, ExpertChoice>;
