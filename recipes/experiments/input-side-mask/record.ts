import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DatasetWriter } from "../../../src/dataset/write.ts";
import type { Design } from "../../../src/simulation/design.ts";
import { record, recordingOf } from "../../../src/simulation/record.ts";
import type { RobotOptions } from "../../../src/simulation/robot.ts";
import { createRobot, findRobot } from "../../../src/simulation/robots.ts";
import { recorded, robotNames } from "./design.ts";

/** What a simulated robot is set to, in recordings and in closed loop alike. */
export function optionsOf(design: Design, observation: RobotOptions["observation"]): RobotOptions {
  return { ...design.defaults, observation, distractors: 0, imageSize: 64 };
}

/** Which recordings are wanted, and below which folder. */
export interface Wanted {
  readonly folder: string;
  readonly observation: RobotOptions["observation"];
  readonly episodes: number;
}

/** Records each robot's expert; goes on with what is there and does nothing where that is enough. */
export async function recordAll({ folder, observation, episodes }: Wanted): Promise<void> {
  for (const name of robotNames) {
    const root = join(folder, observation, name);
    const present = await episodesIn(root);
    if (present === episodes) continue;
    const design = findRobot(name);
    const robot = await createRobot(design, optionsOf(design, observation));
    const { seed, stepsAfterSuccess } = recorded;
    const description = recordingOf(robot, { version: "v3.0", codec: "h264", seed, stepsAfterSuccess });
    const writer = await (present === null ? DatasetWriter.create : DatasetWriter.resume)(root, description);
    await record(robot, writer, { episodes, seed, stepsAfterSuccess }, { recorded: () => {}, isStopped: () => false });
    robot.close();
  }
}

/** `null` where there is no recording. */
async function episodesIn(root: string): Promise<number | null> {
  const path = join(root, "meta", "info.json");
  if (!existsSync(path)) return null;
  return infoSchema.parse(JSON.parse(await readFile(path, "utf8"))).total_episodes;
}

const infoSchema = z.object({ total_episodes: z.int().nonnegative() });
