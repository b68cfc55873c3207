import type { LayerChoice, LayerForm } from "../nn/layer.ts";
import type { NormChoice } from "../nn/norm.ts";
import type { VisionSize } from "./size.ts";

/** What an image tower is made of, whatever its size. */
export interface TowerChoice {
  readonly layer: LayerChoice;
  /** Behind the last layer. */
  readonly lastNorm: NormChoice;
  /** `space-time`: some layers also look back at earlier pictures of the same view. `none`: the pictures of now alone. */
  readonly history: "space-time" | "none";
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

/** @source openpi `siglip.py`; history as in OpenTau `video_encoder.py` */
export const towers = {
  siglip: {
    layer: {
      norms: { attention: siglipNorm, mlp: siglipNorm, added: "none", queryKey: "none" },
      mlp: { kind: "plain", activation: "gelu-tanh" },
      bias: "zero",
    },
    lastNorm: siglipNorm,
    history: "space-time",
  },
} as const satisfies Record<string, TowerChoice>;
