/**
 * Which parts of a policy train, by names that a recipe may say; each a beginning of parameter names.
 *
 * `without vision`: all but the image tower. `without backbone`: all but the language model and its table of tokens. `expert`: what stands
 * behind pictures and words, with the maps of state and actions, as SmolVLA is trained (`train_expert_only`) and GR00T's head.
 * `projections`: the maps of state and actions alone.
 *
 * @source LeRobot `configuration_smolvla.py` `freeze_vision_encoder`, `train_expert_only`, `train_state_proj`
 */
export const trainedParts = {
  all: { kind: "but", parts: [] },
  "without vision": { kind: "but", parts: ["vision.tower"] },
  "without backbone": { kind: "but", parts: ["embedding", "backbone"] },
  expert: { kind: "only", parts: ["expert", "groot", "state", "action"] },
  projections: { kind: "only", parts: ["state", "action", "groot.state", "groot.action", "groot.decoder"] },
} as const satisfies Record<string, TrainedPart>;

/** All parameters but those below some names, or only those. */
export interface TrainedPart {
  readonly kind: "but" | "only";
  readonly parts: readonly string[];
}

export type TrainedPartName = keyof typeof trainedParts;

export const trainedPartNames = [
  "all",
  "without vision",
  "without backbone",
  "expert",
  "projections",
] as const satisfies readonly TrainedPartName[];
