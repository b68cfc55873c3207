import { asFound } from "../src/embodiment/mapping.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { wordsToGoOnWith } from "../src/recipe/tokenizer.ts";

/**
 * π0.5 on a robot of yours: its weights go on, all of them, as openpi fine-tunes them.
 *
 * Paper: π0.5 (arXiv:2504.16054). Weights: `lerobot/pi05_base` (3.6 B parameters), or openpi's `pi05_base` exported to PyTorch, with the
 * tokenizer of `google/paligemma-3b-pt-224`. Data: a robot with up to three cameras; here `../shared/data/real/dobot_cr5`, 5 episodes. Cost:
 * at the published size about 14 GB for the weights and 43 GB for gradients and moments, and as much again as the weights for averages,
 * activations aside, of which `batch.recompute` keeps those between layers alone. Less: `--set optimizer.train=expert` trains the expert
 * (0.4 B) with the maps of actions, and `policy.adapters` learns beside attention and feed-forward (LoRA; no averages then, as in openpi).
 *
 *     ./armature import pi05_base --tokenizer paligemma-3b-pt-224 --out runs/pi05
 *     ./armature train recipes/finetune-pi05.ts --init runs/pi05
 *
 * The weights go on as openpi trained them: steps see later ones, and those past an episode's end are taught copies of its last action.
 * So steps learn from what does not exist and are told where an episode ends, which no robot knows: `./armature audit` of the run finds
 * that, and is right. A run that is sound from its first step on leaves these conventions by name, and its audit is clean:
 *
 *     ./armature train recipes/finetune-pi05.ts --init runs/pi05 --allow unrealInput --allow actionSight --allow pastEnd \
 *       --set conventions.unrealInput=zero --set conventions.actionSight=causal --set conventions.pastEnd=hidden
 *
 * To edit: `data.datasets` (name, folder, control mode, which camera is which view) and the two widths. Optimizer, schedule, batch and averages
 * are openpi's defaults.
 *
 * @source openpi `training/config.py`, `training/optimizer.py`
 */
export function recipe(weights: Recipe): Recipe {
  const [first = "camera"] = weights.policy.views;
  return {
    ...weights,
    name: "finetune-pi05",
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
    policy: {
      ...weights.policy,
      // The robot's own widths: rows and columns of the 32 that nobody fills stay behind.
      actionWidth: 7,
      stateWidth: 6,
      promptTokens: 200,
      ...wordsToGoOnWith(weights),
    },
    batch: { size: 32, microBatch: 16, recompute: "blocks" },
    validation: { everySteps: 1000, microBatch: 16, ratio: 0.2, framesPerMember: 64, draws: 1, weights: "ema" },
    optimizer: {
      schedule: "cosine",
      steps: 30_000,
      warmup: 1000,
      peak: 2.5e-5,
      final: 2.5e-6,
      betas: [0.9, 0.95],
      epsilon: 1e-8,
      weightDecay: 1e-10,
      clip: 1,
      ema: 0.99,
      frozen: [],
    },
    checkpoint: { everySteps: 1000, keepLast: 2 },
  };
}
