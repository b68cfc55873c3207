import { access } from "node:fs/promises";
import { join } from "node:path";
import { DatasetWriter } from "../../../src/dataset/write.ts";
import type { Design } from "../../../src/simulation/design.ts";
import { record, recordingOf } from "../../../src/simulation/record.ts";
import type { RobotOptions } from "../../../src/simulation/robot.ts";
import { createRobot, findRobot } from "../../../src/simulation/robots.ts";
import { type RobotName, recorded } from "./design.ts";

/** What a simulated robot is set to, in recordings and in closed loop alike. */
export function optionsOf(design: Design, observation: RobotOptions["observation"]): RobotOptions {
  return { ...design.defaults, observation, distractors: 0 };
}

/** Records each robot's expert where it has not been recorded. */
export async function recordAll(
  folder: string,
  observation: RobotOptions["observation"],
  names: readonly RobotName[],
): Promise<void> {
  for (const name of names) {
    const root = join(folder, observation, name);
    const isThere = await access(join(root, "meta", "info.json")).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    const design = findRobot(name);
    const robot = await createRobot(design, optionsOf(design, observation));
    const { seed, episodes } = recorded;
    const writer = await DatasetWriter.create(root, recordingOf(robot, { version: "v3.0", codec: "h264", seed }));
    await record(robot, writer, { episodes, seed }, { recorded: () => {}, isStopped: () => false });
    robot.close();
  }
}
