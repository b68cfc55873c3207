import { z } from "zod";

const count = z.int().positive();

const featureSchema = z.object({ type: z.string(), shape: z.array(z.int().nonnegative()) });

/** What every policy that LeRobot saves says of itself in `config.json`; keys that are read nowhere are left aside. */
export const lerobotConfigSchema = z.object({
  type: z.string(),
  input_features: z.record(z.string(), featureSchema),
  output_features: z.record(z.string(), featureSchema),
  chunk_size: count,
  max_state_dim: count,
  max_action_dim: count,
  empty_cameras: z.int().nonnegative().optional(),
  /** With `true`, its actions are relative to the state, which its processors see to. */
  use_relative_actions: z.literal(false).nullish(),
  action_feature_names: z.array(z.string()).nullable().optional(),
});

export type LerobotConfig = z.infer<typeof lerobotConfigSchema>;

/** Keys of the cameras, in the order of the features. */
export function camerasOf({ input_features }: LerobotConfig): string[] {
  return Object.entries(input_features).flatMap(([key, { type }]) => (type === "VISUAL" ? [key] : []));
}
