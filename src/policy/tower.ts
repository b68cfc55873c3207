import type { LayerChoice, LayerForm } from "../nn/layer.ts";
import type { NormChoice } from "../nn/norm.ts";
import type { ConnectorChoice } from "./connector.ts";
import type { PatchPositionChoice } from "./patch-position.ts";
import type { VisionSize } from "./size.ts";

/** What an image tower is made of, whatever its size, and how the backbone takes its patches. */
export interface TowerChoice {
  readonly layer: LayerChoice;
  /** Behind the last layer. */
  readonly lastNorm: NormChoice;
  readonly positions: PatchPositionChoice;
  readonly connector: ConnectorChoice;
  /** What a patch reads in a layer: all patches of its own picture, or itself alone, by the feed-forward and nothing else. */
  readonly reads: "own picture" | "own patch";
  /**
   * `space-time`: some layers also look back at earlier pictures of the same view. `motion`: behind one layer, what moved is added to the
   * patches of now. `none`: the pictures of now alone.
   */
  readonly history: "space-time" | "motion" | "none";
}

/** An image tower at a size. */
export interface TowerForm {
  readonly choice: TowerChoice;
  readonly size: VisionSize;
}

/** Its layers: every head has keys of its own. */
export function towerLayer({ choice, size: { width, mlp, heads } }: TowerForm): LayerForm {
  return { choice: choice.layer, size: { width, mlp, heads, keyHeads: heads, headWidth: width / heads } };
}

const siglipNorm: NormChoice = { kind: "layer", weight: "gain and bias", epsilon: 1e-6 };

const siglipLayers = {
  layer: {
    norms: { attention: siglipNorm, mlp: siglipNorm, added: "none", queryKey: "none" },
    mlp: { kind: "plain", activation: "gelu-tanh" },
    bias: "zero",
  },
  lastNorm: siglipNorm,
} as const;

/**
 * @source `siglip`: openpi `siglip.py`; history as in OpenTau `video_encoder.py`. `siglipWithMotion`: OpenTau
 *   `pi05_mem/rldx_video_encoder.py`. `smolvlm`: transformers `modeling_smolvlm.py`
 *   `SmolVLMVisionTransformer`, `SmolVLMConnector`. `gemma3`: `modeling_gemma3.py` `Gemma3MultiModalProjector`; `gemma3OverTime`: the same with
 *   history, as OpenTau's π0.7 has it
 */
export const towers = {
  siglip: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "linear" },
    reads: "own picture",
    history: "space-time",
  },
  siglipWithMotion: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "linear" },
    reads: "own picture",
    history: "motion",
  },
  smolvlm: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "pixel-shuffle" },
    reads: "own picture",
    history: "none",
  },
  gemma3: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "pooled", norm: { kind: "rms", weight: "offset", epsilon: 1e-6 } },
    reads: "own picture",
    history: "none",
  },
  gemma3OverTime: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "pooled", norm: { kind: "rms", weight: "offset", epsilon: 1e-6 } },
    reads: "own picture",
    history: "space-time",
  },
  siglipByPatch: {
    ...siglipLayers,
    positions: { kind: "learnt" },
    connector: { kind: "queries" },
    reads: "own patch",
    history: "none",
  },
} as const satisfies Record<string, TowerChoice>;
