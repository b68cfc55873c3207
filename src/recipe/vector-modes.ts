import type { NormalizationMode } from "../embodiment/normalize.ts";
import type { Recipe } from "./schema.ts";

/** How a robot's vectors are normalised, each. */
export interface VectorModes {
  readonly action: NormalizationMode;
  readonly state: NormalizationMode;
}

/** How a recipe normalises vectors: states as actions, where it says nothing of them. */
export function vectorModesOf({ data }: Pick<Recipe, "data">): VectorModes {
  return { action: data.normalization, state: data.stateNormalization ?? data.normalization };
}
