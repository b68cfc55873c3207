import { asFound } from "../src/embodiment/mapping.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { wordsToGoOnWith } from "../src/recipe/tokenizer.ts";

/**
 * SmolVLA on a robot of yours: its weights go on, as LeRobot fine-tunes them.
 *
 * Paper: SmolVLA (arXiv:2506.01844). Weights: `lerobot/smolvla_base` (450 M parameters), with the tokenizer of
 * `HuggingFaceTB/SmolVLM2-500M-Video-Instruct`, both as folders from the hub. Data: a robot with one arm and up to three cameras; here
 * `../shared/data/real/dobot_cr5`, 5 episodes. Cost: at the published size about 1.8 GB for the weights and 1.6 GB for gradients and
 * moments of the 100 M that train, activations aside, of which `batch.recompute` keeps those between layers alone.
 *
 *     ./armature import smolvla_base --tokenizer SmolVLM2-500M-Video-Instruct --out runs/smolvla
 *     ./armature train recipes/finetune-smolvla.ts --init runs/smolvla --allow unrealInput
 *
 * LeRobot adds noise to what does not exist, dims beyond the robot's and steps past an episode's end. Here zeros stand there, which
 * `--allow unrealInput` says: the policy has the robot's own dims, and no step reads a later one, so every action stays what it was, and
 * `./armature audit` of the run is clean.
 *
 * To edit: `data.datasets` (name, folder, control mode, which camera is which view) and the two widths. Optimizer, schedule, frozen parts and
 * batch are LeRobot's: expert and maps of state and actions train, pictures and words stay as they are.
 *
 * @source LeRobot `configuration_smolvla.py`: `optimizer_*`, `scheduler_*`, `train_expert_only`, `train_state_proj`
 */
export function recipe(weights: Recipe): Recipe {
  const [first = "camera"] = weights.policy.views;
  return {
    ...weights,
    name: "finetune-smolvla",
    data: {
      ...weights.data,
      root: "../shared/data/real",
      datasets: [
        {
          name: "dobot_cr5",
          source: { kind: "lerobot", location: "dobot_cr5", taskAnnotation: "declared" },
          episodes: [68, 70, 72, 73, 75],
          role: "both",
          weight: 1,
          mapping: { ...asFound, controlMode: "joint-velocity", cameras: { [first]: "observation.images.top" } },
        },
      ],
    },
    conventions: { ...weights.conventions, unrealInput: "zero" },
    policy: {
      ...weights.policy,
      // The robot's own widths: rows and columns of the 32 that nobody fills stay behind.
      actionWidth: 7,
      stateWidth: 6,
      promptTokens: 48,
      ...wordsToGoOnWith(weights),
    },
    batch: { size: 64, microBatch: 16, recompute: "blocks" },
    validation: { everySteps: 1000, microBatch: 16, ratio: 0.2, framesPerMember: 64, draws: 1, weights: "parameters" },
    optimizer: {
      schedule: "cosine",
      steps: 30_000,
      warmup: 1000,
      peak: 1e-4,
      final: 2.5e-6,
      betas: [0.9, 0.95],
      epsilon: 1e-8,
      weightDecay: 1e-10,
      clip: 10,
      ema: null,
      train: "expert",
      frozen: [],
    },
    checkpoint: { everySteps: 1000, keepLast: 2 },
  };
}
