import type { CheckpointFacts } from "../checkpoint/checkpoint.ts";
import { encodeStatistics, memberSchema } from "../checkpoint/robot-record.ts";
import type { Mixture } from "../mixture/mixture.ts";
import { conventionsOf, type Plan } from "../recipe/plan.ts";
import type { TrainingProgress } from "./progress.ts";

/** The robots of a mixture as a checkpoint has them. */
export function membersOf({ members, normalizationGroups }: Mixture): CheckpointFacts["members"] {
  return members.map(
    ({ name, datasetName, controlModeName, normalizationGroup, framesPerSecond, embodiment, train, validation }) =>
      memberSchema.parse({
        name,
        dataset: datasetName,
        controlMode: controlModeName,
        head: normalizationGroups[normalizationGroup]!.name,
        framesPerSecond,
        embodiment,
        episodes: { train: train.episodes, validation: validation.episodes },
      }),
  );
}

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
    members: membersOf(mixture),
    statistics: Object.fromEntries(
      [...statistics].map(([name, { action, state: own }]) => [
        name,
        { action: encodeStatistics(action), state: encodeStatistics(own) },
      ]),
    ),
    bestValidation: best,
  };
}
