import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadLibav } from "../dataset/libav.ts";
import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import { recordDemonstrations, recordingOf } from "./record.ts";
import { createRobot, findRobot } from "./robots.ts";

const hasLibav = (await loadLibav()) !== null;

it.skipIf(!hasLibav).each([0, 5])("an episode ends %d steps after success", async (stepsAfterSuccess) => {
  const scratch = await mkdtemp(join(tmpdir(), "armature-after-success-"));
  const design = findRobot("bimanual");
  const robot = await createRobot(design, { ...design.defaults, observation: "state" });
  const wanted = { episodes: 3, seed: 4, stepsAfterSuccess };
  let steps = 0;
  for (let episode = 0; episode < wanted.episodes; episode++) {
    robot.reset(wanted.seed, episode);
    for (; !robot.isSuccess(); steps++) robot.act(Float32Array.from(robot.demonstrate()));
  }
  const description = recordingOf(robot, { version: "v3.0", codec: "h264", ...wanted });
  const writer = await DatasetWriter.create(join(scratch, "bimanual"), description);
  const watcher = { recorded: () => {}, isStopped: () => false };
  const { frames, attempts } = await recordDemonstrations(robot, writer, wanted, watcher);
  expect({ frames, attempts }).toEqual({ frames: steps + 3 * stepsAfterSuccess, attempts: 3 });
  robot.close();
  await rm(scratch, { recursive: true });
});
