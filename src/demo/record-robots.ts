import { join } from "node:path";
import type { DemoRobot } from "../dashboard/demo-story.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import { findRobot } from "../simulation/robots.ts";
import { recordingSeed } from "../simulation/seed.ts";
import type { Phases } from "./phases.ts";
import { recordShares } from "./recording-threads.ts";

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

/**
 * Records the expert of each robot that the recipe names, as the dataset that the recipe reads: all at the same time, as none waits for
 * another. Where the user wants it to stop, each ends with its last whole episode.
 */
export async function recordRobots(recipe: Recipe, episodes: number, phases: Phases): Promise<RecordedRobot[]> {
  const { root, datasets } = recipe.data;
  const designs = datasets.map(({ name }) => findRobot(name));
  const label = `record ${designs.map(({ name }) => name).join(", ")}`;
  const bar = phases.display.bar(label, "episode", designs.length * episodes);
  const results = await recordShares(
    designs.map(({ name, defaults }) => ({
      name,
      options: optionsFor(recipe)(defaults),
      choice: recording,
      episodes,
      folder: join(root, name),
    })),
    { recorded: (done, frames) => bar.update(done, { frames: String(frames) }), isStopped: phases.isStopped },
  );
  bar.finish();
  return designs.map(({ name, summary, dofs, controlMode }, at) => {
    const found = results[at]!;
    return { name, summary, dofs: dofs.length, controlMode, episodes: found.episodes, frames: found.frames };
  });
}
