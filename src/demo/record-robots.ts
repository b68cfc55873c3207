import { join } from "node:path";
import type { DemoRobot } from "../dashboard/demo-story.ts";
import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import { recordDemonstrations, recordingOf } from "../simulation/record.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { recordingSeed } from "../simulation/seed.ts";
import type { Phases } from "./phases.ts";

/** Pixels of the side of the pictures that a policy's robots show it, which it resizes to its own; `null` where it sees none. */
export function seenBy({ policy }: Pick<Recipe, "policy">): number | null {
  return policy.views.length > 0 ? 48 : null;
}

/** What a simulated robot of the demo is set to for a policy, in recordings and in closed loop alike. */
export function optionsFor(recipe: Pick<Recipe, "policy">): (defaults: RobotOptions) => RobotOptions {
  const seen = seenBy(recipe);
  const own = { observation: seen === null ? "state" : "pictures", imageSize: seen ?? filmSize } as const;
  return (defaults) => ({ ...defaults, ...own, distractors: 0 });
}

/** Pixels of a film's side where the policy sees nothing. */
const filmSize = 160;

/** How its demonstrations are written: they end where they succeed, as real ones do. */
const recording = { version: "v3.0", codec: "h264", seed: recordingSeed, stepsAfterSuccess: 0 } as const;

/** A robot and what was recorded of it. */
export type RecordedRobot = Omit<DemoRobot, "untrained" | "trained">;

/** Records the expert of each robot that the recipe names, as the dataset that the recipe reads. */
export async function recordRobots(recipe: Recipe, episodes: number, phases: Phases): Promise<RecordedRobot[]> {
  const recorded: RecordedRobot[] = [];
  for (const { name } of recipe.data.datasets) {
    if (phases.isStopped()) break;
    recorded.push(await recordRobot(name, recipe, episodes, phases));
  }
  return recorded;
}

async function recordRobot(name: string, recipe: Recipe, episodes: number, phases: Phases): Promise<RecordedRobot> {
  const folder = join(recipe.data.root, name);
  const design = findRobot(name);
  const robot = await createRobot(design, optionsFor(recipe)(design.defaults));
  try {
    const writer = await DatasetWriter.create(folder, recordingOf(robot, recording));
    const bar = phases.display.bar(`record ${name}`, "episode", episodes);
    const watcher = {
      recorded: (done: number, frames: number) => bar.update(done, { frames: String(frames) }),
      isStopped: phases.isStopped,
    };
    const found = await recordDemonstrations(robot, writer, { ...recording, episodes }, watcher);
    bar.finish();
    const { summary, dofs, controlMode } = design;
    return { name, summary, dofs: dofs.length, controlMode, episodes: found.episodes, frames: found.frames };
  } finally {
    robot.close();
  }
}
