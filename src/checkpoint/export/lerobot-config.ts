import type { NormalizationMode } from "../../embodiment/normalize.ts";

/** What LeRobot's files say of a policy beside its weights. */
export interface LerobotPolicy {
  readonly type: "pi0" | "pi05";
  readonly states: number;
  readonly actions: number;
  /** Keys of its cameras, in its order; of those that its robot does not have as well. */
  readonly cameras: readonly string[];
  readonly horizon: number;
  readonly stateWidth: number;
  readonly actionWidth: number;
  readonly promptTokens: number;
  /** Steps from noise to actions. */
  readonly integrationSteps: number;
  /** Side of its square pictures, in pixels. */
  readonly picture: number;
  readonly mode: NormalizationMode;
  readonly epsilon: number;
}

/** Names of LeRobot's vectors. */
export const lerobotKeys = { state: "observation.state", action: "action" } as const;

const modes = { "mean-std": "MEAN_STD", "min-max": "MIN_MAX", quantile: "QUANTILES", identity: "IDENTITY" } as const;

/** `config.json`. @source LeRobot `policies/pi0/configuration_pi0.py` */
export function lerobotConfig(policy: LerobotPolicy): object {
  return {
    type: policy.type,
    n_obs_steps: 1,
    input_features: inputsOf(policy),
    output_features: outputsOf(policy),
    device: "cpu",
    push_to_hub: false,
    dtype: "float32",
    chunk_size: policy.horizon,
    n_action_steps: policy.horizon,
    num_inference_steps: policy.integrationSteps,
    max_state_dim: policy.stateWidth,
    max_action_dim: policy.actionWidth,
    image_resolution: [policy.picture, policy.picture],
    empty_cameras: policy.cameras.filter((key) => /empty_camera_\d+$/.test(key)).length,
    tokenizer_max_length: policy.promptTokens,
    normalization_mapping: normMapOf(policy),
  };
}

/** A file of the folder that normalises, and what says so. */
export interface LerobotProcessor {
  readonly file: string;
  readonly content: object;
  /** The file with its statistics. */
  readonly statistics: string;
}

/** Both processors. @source LeRobot `policies/pi0/processor_pi0.py`, `policies/pi05/processor_pi05.py` */
export function processorFiles(policy: LerobotPolicy): readonly [LerobotProcessor, LerobotProcessor] {
  const [rename, batch] = [step("rename_observations_processor", { rename_map: {} }), step("to_batch_processor", {})];
  const relative = step("relative_actions_processor", { enabled: false, exclude_joints: [], action_names: null });
  const device = step("device_processor", { device: "cpu", float_dtype: null });
  const wording = step(
    policy.type === "pi0" ? "pi0_new_line_processor" : "pi05_prepare_state_tokenizer_processor_step",
    {},
  );
  const tokenizer = step("tokenizer_processor", {
    max_length: policy.promptTokens,
    task_key: "task",
    padding_side: "right",
    padding: "max_length",
    truncation: true,
    tokenizer_name: "google/paligemma-3b-pt-224",
  });
  const around = { eps: policy.epsilon, norm_map: normMapOf(policy) };
  const normalizer = (at: number) => {
    const state_file = `policy_preprocessor_step_${at}_normalizer_processor.safetensors`;
    const features = { ...inputsOf(policy), ...outputsOf(policy) };
    return { ...step("normalizer_processor", { ...around, features }), state_file };
  };
  const after = "policy_postprocessor_step_0_unnormalizer_processor.safetensors";
  const unnormalizer = {
    ...step("unnormalizer_processor", { ...around, features: outputsOf(policy) }),
    state_file: after,
  };
  // π0.5 words its prompt after normalisation, since the state is part of it.
  const before =
    policy.type === "pi0"
      ? [rename, batch, wording, tokenizer, device, relative, normalizer(6)]
      : [rename, batch, relative, normalizer(3), wording, tokenizer, device];
  const absolute = step("absolute_actions_processor", { enabled: false });
  return [
    processor(
      "policy_preprocessor",
      before,
      `policy_preprocessor_step_${policy.type === "pi0" ? 6 : 3}_normalizer_processor.safetensors`,
    ),
    processor("policy_postprocessor", [unnormalizer, absolute, device], after),
  ];
}

function processor(name: string, steps: readonly object[], statistics: string): LerobotProcessor {
  return { file: `${name}.json`, content: { name, steps }, statistics };
}

function step(registry_name: string, config: object): object {
  return { registry_name, config };
}

function normMapOf({ mode }: LerobotPolicy): object {
  return { VISUAL: "IDENTITY", STATE: modes[mode], ACTION: modes[mode] };
}

function inputsOf({ states, cameras, picture }: LerobotPolicy): object {
  const views = cameras.map((key) => [key, { type: "VISUAL", shape: [3, picture, picture] }] as const);
  const state = states === 0 ? [] : [[lerobotKeys.state, { type: "STATE", shape: [states] }] as const];
  return Object.fromEntries([...state, ...views]);
}

function outputsOf({ actions }: LerobotPolicy): object {
  return { [lerobotKeys.action]: { type: "ACTION", shape: [actions] } };
}
