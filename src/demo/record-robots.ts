import { join } from "node:path";
import type { DemoRobot } from "../dashboard/demo-story.ts";
import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import { recordDemonstrations, recordingOf } from "../simulation/record.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";
import { recordingSeed } from "../simulation/seed.ts";
import type { Phases } from "./phases.ts";

/** What a simulated robot of the demo is set to, in recordings and in closed loop alike. */
export function optionsOf(defaults: RobotOptions): RobotOptions {
  return { ...defaults, observation: "state", distractors: 0, imageSize: filmSize };
}

/** Pixels of a film's side; the policy sees none of them. */
const filmSize = 160;

/** How its demonstrations are written: they end where they succeed, as real ones do. */
const recording = { version: "v3.0", codec: "h264", seed: recordingSeed, stepsAfterSuccess: 0 } as const;

/** A robot and what was recorded of it. */
export type RecordedRobot = Omit<DemoRobot, "untrained" | "trained">;

/** Records the expert of each robot that the recipe names, as the dataset that the recipe reads. */
export async function recordRobots({ data }: Recipe, episodes: number, phases: Phases): Promise<RecordedRobot[]> {
  const recorded: RecordedRobot[] = [];
  for (const { name } of data.datasets) {
    if (phases.isStopped()) break;
    recorded.push(await recordRobot(name, join(data.root, name), episodes, phases));
  }
  return recorded;
}

async function recordRobot(name: string, folder: string, episodes: number, phases: Phases): Promise<RecordedRobot> {
  const design = findRobot(name);
  const robot = await createRobot(design, optionsOf(design.defaults));
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
