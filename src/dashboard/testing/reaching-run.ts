import { join } from "node:path";
import { DatasetWriter } from "../../dataset/write/dataset-writer.ts";
import { asFound } from "../../embodiment/mapping.ts";
import { aloneWorld } from "../../ranks/open-world.ts";
import type { Recipe, RecipeDataset } from "../../recipe/schema.ts";
import { plainRecipe } from "../../recipe/testing/awkward-recipe.ts";
import { recordDemonstrations, recordingOf } from "../../simulation/record.ts";
import { createRobot, findRobot } from "../../simulation/robots.ts";
import { trainPolicy } from "../../training/train.ts";
import { unwatched } from "../../training/watcher.ts";

/** The reacher alone, whose state says where its goal is: so small that it learns in seconds. */
function reachingRecipeIn(root: string): Recipe {
  const reacher: RecipeDataset = {
    name: "reacher",
    source: { kind: "lerobot", location: "reacher", taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: { ...asFound, controlMode: "joint", prompt: { kind: "fixed", text: "reach" } },
  };
  const { data, policy, optimizer, validation, ...plain } = plainRecipe([reacher], []);
  return {
    ...plain,
    name: "reaching",
    data: { ...data, root, actions: "absolute" },
    batch: { size: 32, microBatch: 32 },
    validation: { ...validation, microBatch: 32, framesPerMember: 32 },
    policy: { ...policy, actionHorizon: 8, actionWidth: 2, stateWidth: 4, promptTokens: 6 },
    optimizer: { ...optimizer, steps: 200, warmup: 20, peak: 8e-3, final: 1e-4, ema: 0.98 },
    checkpoint: { everySteps: 200, keepLast: 1 },
  };
}

/** Records the reacher's expert below a folder, and trains a policy there that succeeds now and then; returns the folder of the run. */
export async function trainReaching(root: string): Promise<string> {
  const design = findRobot("reacher");
  const robot = await createRobot(design, { ...design.defaults, observation: "state" });
  const recording = { version: "v3.0", codec: "h264", seed: 0, stepsAfterSuccess: 0 } as const;
  const writer = await DatasetWriter.create(join(root, "data/reacher"), recordingOf(robot, recording));
  const watcher = { recorded: () => {}, isStopped: () => false };
  await recordDemonstrations(robot, writer, { ...recording, episodes: 60 }, watcher);
  robot.close();
  const folder = join(root, "run");
  const recipe = reachingRecipeIn(join(root, "data"));
  const lesson = { recipe, folder, start: { kind: "new" } as const, until: recipe.optimizer.steps };
  await trainPolicy({ ...lesson, cache: join(root, "cache"), world: await aloneWorld() }, unwatched);
  return folder;
}
