import type { NormalizationMode } from "../../embodiment/normalize.ts";

/** What LeRobot's files say of a policy beside its weights. */
export interface LerobotPolicy {
  readonly kind: LerobotKind;
  readonly states: number;
  readonly actions: number;
  /** Keys of its cameras, in its order; of those that its robot does not have as well. */
  readonly cameras: readonly string[];
  readonly horizon: number;
  readonly stateWidth: number;
  readonly actionWidth: number;
  readonly promptTokens: number;
  /** Side of its square pictures, in pixels. */
  readonly picture: number;
  readonly modes: { readonly state: NormalizationMode; readonly action: NormalizationMode };
  readonly epsilon: number;
}

/** What is a kind's own. */
export type LerobotKind =
  | {
      readonly type: "pi0" | "pi05";
      /** Steps from noise to actions. */
      readonly integrationSteps: number;
    }
  | {
      readonly type: "pi0_fast";
      /** Tokens of an answer, at most. */
      readonly most: number;
      /** Tokens at the end of the vocabulary that say no action. */
      readonly skipped: number;
      readonly temperature: number;
    }
  | {
      readonly type: "smolvla";
      readonly integrationSteps: number;
      readonly layers: number;
      /** Every which layer of the expert also reads its own tokens. */
      readonly jointEvery: number;
      /** Width of the language model, and of the expert. */
      readonly widths: readonly [number, number];
      readonly marksPictures: boolean;
    };

/** Names of LeRobot's vectors. */
export const lerobotKeys = { state: "observation.state", action: "action" } as const;

const modeNames = {
  "mean-std": "MEAN_STD",
  "min-max": "MIN_MAX",
  quantile: "QUANTILES",
  identity: "IDENTITY",
} as const;

/** What its classes take their tokenizers, and SmolVLA its sizes, from. */
const hub = {
  fast: "lerobot/fast-action-tokenizer",
  paligemma: "google/paligemma-3b-pt-224",
  smolvlm: "HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
} as const;

/** `config.json`. @source LeRobot `configuration_pi0.py`, `configuration_pi05.py`, `configuration_pi0_fast.py`, `configuration_smolvla.py` */
export function lerobotConfig(policy: LerobotPolicy): object {
  return {
    type: policy.kind.type,
    n_obs_steps: 1,
    input_features: inputsOf(policy),
    output_features: outputsOf(policy),
    device: "cpu",
    push_to_hub: false,
    chunk_size: policy.horizon,
    n_action_steps: policy.horizon,
    max_state_dim: policy.stateWidth,
    max_action_dim: policy.actionWidth,
    empty_cameras: policy.cameras.filter((key) => /empty_camera_\d+$/.test(key)).length,
    tokenizer_max_length: policy.promptTokens,
    normalization_mapping: normMapOf(policy),
    ...ownConfig(policy),
  };
}

function ownConfig({ kind, picture }: LerobotPolicy): object {
  switch (kind.type) {
    case "pi0":
    case "pi05":
      return {
        dtype: "float32",
        num_inference_steps: kind.integrationSteps,
        image_resolution: [picture, picture],
      };
    case "pi0_fast":
      return {
        dtype: "float32",
        image_resolution: [picture, picture],
        max_action_tokens: kind.most,
        max_decoding_steps: kind.most,
        fast_skip_tokens: kind.skipped,
        temperature: kind.temperature,
        text_tokenizer_name: hub.paligemma,
        action_tokenizer_name: hub.fast,
      };
    case "smolvla":
      return {
        num_steps: kind.integrationSteps,
        resize_imgs_with_padding: [picture, picture],
        add_image_special_tokens: kind.marksPictures,
        attention_mode: "cross_attn",
        self_attn_every_n_layers: kind.jointEvery,
        num_vlm_layers: kind.layers,
        num_expert_layers: -1,
        expert_width_multiplier: multiplierOf(kind.widths),
        vlm_model_name: hub.smolvlm,
        load_vlm_weights: false,
        adapt_to_pi_aloha: false,
        prefix_length: -1,
        pad_language_to: "longest",
        min_period: 4e-3,
        max_period: 4,
      };
  }
}

/** LeRobot cuts the product with the width of the language model to a whole number. */
function multiplierOf([width, expert]: readonly [number, number]): number {
  const share = expert / width;
  return Math.trunc(width * share) === expert ? share : (expert + 0.5) / width;
}

/** A file of the folder that normalises, and what says so. */
export interface LerobotProcessor {
  readonly file: string;
  readonly content: object;
  /** The file with its statistics. */
  readonly statistics: string;
}

interface Step {
  readonly registry_name: string;
  readonly config: object;
  readonly state_file?: string;
}

/** Both processors. @source LeRobot `processor_pi0.py`, `processor_pi05.py`, `processor_pi0_fast.py`, `processor_smolvla.py` */
export function processorFiles(policy: LerobotPolicy): readonly [LerobotProcessor, LerobotProcessor] {
  const [rename, batch] = [step("rename_observations_processor", { rename_map: {} }), step("to_batch_processor", {})];
  const device = step("device_processor", { device: "cpu", float_dtype: null });
  const relative = step("relative_actions_processor", { enabled: false, exclude_joints: [], action_names: null });
  const absolute = step("absolute_actions_processor", { enabled: false });
  const around = { eps: policy.epsilon, norm_map: normMapOf(policy) };
  const features = { ...inputsOf(policy), ...outputsOf(policy) };
  const normalizer = step("normalizer_processor", { ...around, features });
  const unnormalizer = step("unnormalizer_processor", { ...around, features: outputsOf(policy) });
  const words = [step(wordings[policy.kind.type], {}), tokenizerOf(policy)];
  const answers = policy.kind.type === "pi0_fast" ? [actionTokenizerOf(policy.kind.most)] : [];
  const steps = {
    // π0.5 words its prompt after normalisation, since the state is part of it.
    pi0: [
      [rename, batch, ...words, device, relative, normalizer],
      [unnormalizer, absolute, device],
    ],
    pi05: [
      [rename, batch, relative, normalizer, ...words, device],
      [unnormalizer, absolute, device],
    ],
    pi0_fast: [
      [rename, batch, relative, normalizer, ...words, ...answers, device],
      [unnormalizer, absolute, device],
    ],
    smolvla: [
      [rename, batch, ...words, device, normalizer],
      [unnormalizer, device],
    ],
  } as const;
  const [before, after] = steps[policy.kind.type];
  return [processor("policy_preprocessor", before, normalizer), processor("policy_postprocessor", after, unnormalizer)];
}

const wordings = {
  pi0: "pi0_new_line_processor",
  pi05: "pi05_prepare_state_tokenizer_processor_step",
  pi0_fast: "pi0_fast_prepare_state_tokenizer_processor_step",
  smolvla: "smolvla_new_line_processor",
} as const;

function tokenizerOf({ kind, promptTokens }: LerobotPolicy): Step {
  return step("tokenizer_processor", {
    max_length: promptTokens,
    task_key: "task",
    padding_side: "right",
    padding: kind.type === "smolvla" ? "longest" : "max_length",
    truncation: true,
    tokenizer_name: kind.type === "smolvla" ? hub.smolvlm : hub.paligemma,
  });
}

function actionTokenizerOf(most: number): Step {
  const name = { trust_remote_code: true, action_tokenizer_name: hub.fast };
  return step("action_tokenizer_processor", { ...name, max_action_tokens: most });
}

/** @param normalizing the step whose statistics stand in a file of their own, named for its place */
function processor(name: string, steps: readonly Step[], normalizing: Step): LerobotProcessor {
  const statistics = `${name}_step_${steps.indexOf(normalizing)}_${normalizing.registry_name}.safetensors`;
  const named = steps.map((one) => (one === normalizing ? { ...one, state_file: statistics } : one));
  return { file: `${name}.json`, content: { name, steps: named }, statistics };
}

function step(registry_name: string, config: object): Step {
  return { registry_name, config };
}

function normMapOf({ modes }: LerobotPolicy): object {
  return { VISUAL: "IDENTITY", STATE: modeNames[modes.state], ACTION: modeNames[modes.action] };
}

function inputsOf({ states, cameras, picture }: LerobotPolicy): object {
  const views = cameras.map((key) => [key, { type: "VISUAL", shape: [3, picture, picture] }] as const);
  const state = states === 0 ? [] : [[lerobotKeys.state, { type: "STATE", shape: [states] }] as const];
  return Object.fromEntries([...state, ...views]);
}

function outputsOf({ actions }: LerobotPolicy): object {
  return { [lerobotKeys.action]: { type: "ACTION", shape: [actions] } };
}
