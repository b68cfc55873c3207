import type { VariantName } from "./variant.ts";

/** What of a published policy is neither its variant's nor its size's: how wide its batches are, and how many tokens it knows. */
export interface PublishedShape {
  readonly vocabulary: number;
  readonly actionHorizon: number;
  readonly actionWidth: number;
  readonly stateWidth: number;
  readonly promptTokens: number;
  /** Tokens that say a chunk of actions; 0 where a policy says none. */
  readonly actionTokens: number;
  /** Rows of the table of action tokens that a policy has beside that of words; missing where it has none. */
  readonly actionVocabulary?: number;
  /** Tokens of what is known of an episode, and whether there is a picture to reach by view; none where a policy reads none. */
  readonly metadataTokens?: number;
  readonly subgoals?: number;
  readonly views: number;
  /** Slots of observations: 1 where there is no history. */
  readonly observations: number;
  /** Sets of weights in encoders and decoders by embodiment. */
  readonly embodiments: number;
}

const pi0: PublishedShape = {
  vocabulary: 257_152,
  actionHorizon: 50,
  actionWidth: 32,
  stateWidth: 32,
  promptTokens: 48,
  actionTokens: 0,
  views: 3,
  observations: 1,
  embodiments: 1,
};

const pi07: PublishedShape = { ...pi0, promptTokens: 256, metadataTokens: 52, subgoals: 3, observations: 6 };

/**
 * By variant, at its size `base`.
 *
 * @source `pi0`, `pi05`: openpi `pi0_config.py`, `gemma.py`; `pi05_mem`, `pi05_mem_motion`, `pi05_fast`: OpenTau `configuration_pi05.py`; `pi06`, `pi06_fast`: OpenTau `configuration_pi06.py`;
 *   `pi07_low_level`, `pi07_paligemma_low_level`, with `_fast` and without: OpenTau `configuration_pi07_low_level.py`; `groot_n15`, `groot_n16`,
 *   `groot_n17`: the heads of GR00T N1.5 (32 dims, 16 steps), N1.6 (29 dims, 16 steps) and N1.7 (132 dims, 40 steps), behind π0's
 *   backbone; `smolvla`: LeRobot `configuration_smolvla.py`, smolvla_base; `pi0_fast`: `configuration_pi0_fast.py`
 */
export const publishedShapes: Readonly<Record<VariantName, PublishedShape>> = {
  pi0,
  groot_n16: { ...pi0, actionHorizon: 16, actionWidth: 29, stateWidth: 29, embodiments: 32 },
  groot_n15: { ...pi0, actionHorizon: 16, stateWidth: 64, embodiments: 32 },
  groot_n17: { ...pi0, actionHorizon: 40, actionWidth: 132, stateWidth: 132, embodiments: 32 },
  pi0_queries: pi0,
  pi0_prompt: pi0,
  pi05: { ...pi0, promptTokens: 200 },
  pi05_fast: { ...pi0, promptTokens: 256, actionTokens: 35, actionVocabulary: 2048 },
  pi05_mem: { ...pi0, promptTokens: 256, observations: 8 },
  pi05_mem_motion: { ...pi0, promptTokens: 256, observations: 8 },
  smolvla: { ...pi0, vocabulary: 49_280 },
  pi06: { ...pi0, vocabulary: 262_208, promptTokens: 256 },
  pi06_fast: { ...pi0, vocabulary: 262_208, promptTokens: 256, actionTokens: 35, actionVocabulary: 2048 },
  pi07_low_level: { ...pi07, vocabulary: 262_208 },
  pi07_low_level_fast: { ...pi07, vocabulary: 262_208, actionTokens: 35, actionVocabulary: 2048 },
  pi07_paligemma_low_level: pi07,
  pi07_paligemma_low_level_fast: { ...pi07, actionTokens: 35, actionVocabulary: 2048 },
  pi0_fast: { ...pi0, promptTokens: 200, actionTokens: 256 },
};
