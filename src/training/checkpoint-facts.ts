import type { CheckpointFacts } from "../checkpoint/checkpoint.ts";
import { encodeStatistics, memberSchema } from "../checkpoint/robot-record.ts";
import { conventionsOf, type Plan } from "../recipe/plan.ts";
import type { TrainingProgress } from "./progress.ts";

/** What a checkpoint says beside its numbers: recipe, conventions, robots with their episodes, statistics. */
export function checkpointFacts(
  { recipe, mixture, statistics }: Plan,
  { state, best }: TrainingProgress,
): CheckpointFacts {
  return {
    step: state.step,
    recipe: JSON.parse(JSON.stringify(recipe)),
    conventions: conventionsOf(recipe),
    threads: recipe.threads,
    device: recipe.device,
    sampler: { seed: recipe.seed, step: state.step },
    members: mixture.members.map(
      ({ name, datasetName, controlModeName, normalizationGroup, framesPerSecond, embodiment, train, validation }) =>
        memberSchema.parse({
          name,
          dataset: datasetName,
          controlMode: controlModeName,
          head: mixture.normalizationGroups[normalizationGroup]!.name,
          framesPerSecond,
          embodiment,
          episodes: { train: train.episodes, validation: validation.episodes },
        }),
    ),
    statistics: Object.fromEntries(
      [...statistics].map(([name, { action, state: own }]) => [
        name,
        { action: encodeStatistics(action), state: encodeStatistics(own) },
      ]),
    ),
    bestValidation: best,
  };
}
