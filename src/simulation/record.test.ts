import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadLibav } from "../dataset/libav.ts";
import { DatasetWriter } from "../dataset/write.ts";
import { record, recordingOf, stepsAfterSuccess } from "./record.ts";
import { createRobot, findRobot } from "./robots.ts";

const hasLibav = (await loadLibav()) !== null;

it.skipIf(!hasLibav)(
  "an episode goes on after success: its last steps do not tell how soon it is reached",
  async () => {
    const scratch = await mkdtemp(join(tmpdir(), "armature-after-success-"));
    const design = findRobot("bimanual");
    const robot = await createRobot(design, { ...design.defaults, observation: "state" });
    const [episodes, seed] = [3, 4];
    let steps = 0;
    for (let episode = 0; episode < episodes; episode++) {
      robot.reset(seed, episode);
      for (; !robot.isSuccess(); steps++) robot.act(Float32Array.from(robot.demonstrate()));
    }
    const description = recordingOf(robot, { version: "v3.0", codec: "h264", seed });
    const writer = await DatasetWriter.create(join(scratch, "bimanual"), description);
    const watcher = { recorded: () => {}, isStopped: () => false };
    const { frames, attempts } = await record(robot, writer, { episodes, seed }, watcher);
    expect({ frames, attempts }).toEqual({ frames: steps + episodes * stepsAfterSuccess, attempts: episodes });
    robot.close();
    await rm(scratch, { recursive: true });
  },
);
