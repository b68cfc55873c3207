import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DatasetWriter } from "../../src/dataset/write/dataset-writer.ts";
import type { Design } from "../../src/simulation/design.ts";
import type { RobotOptions } from "../../src/simulation/environment.ts";
import { recordDemonstrations, recordingOf } from "../../src/simulation/record.ts";
import { createRobot, findRobot } from "../../src/simulation/robots.ts";

/** What a simulated robot is set to, in recordings and in closed loop alike. */
export function optionsOf(design: Design, observation: RobotOptions["observation"]): RobotOptions {
  return { ...design.defaults, observation, distractors: 0, imageSize: 64 };
}

/** Which recordings are wanted, and where. */
export interface Wanted {
  /** Folder that holds one for each robot. */
  readonly root: string;
  /** Of simulated robots. */
  readonly robots: readonly string[];
  readonly observation: RobotOptions["observation"];
  readonly episodes: number;
  readonly seed: number;
  readonly stepsAfterSuccess: number;
}

/** Records each robot's expert; goes on with what is there and does nothing where that is enough. */
export async function recordAll({ root: home, robots, observation, ...wanted }: Wanted): Promise<void> {
  for (const name of robots) {
    const root = join(home, name);
    const present = await episodesIn(root);
    if (present === wanted.episodes) continue;
    const design = findRobot(name);
    const robot = await createRobot(design, optionsOf(design, observation));
    const description = recordingOf(robot, { version: "v3.0", codec: "h264", ...wanted });
    const writer = await (present === null ? DatasetWriter.create : DatasetWriter.resume)(root, description);
    await recordDemonstrations(robot, writer, wanted, { recorded: () => {}, isStopped: () => false });
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
