import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExampleChoice, loadExample } from "../batch/example.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Picture } from "../dataset/dataset.ts";
import { loadLibav } from "../dataset/libav.ts";
import { openDataset } from "../dataset/read/open.ts";
import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { Normalization } from "../embodiment/normalize.ts";
import { type MixtureEntry, openMixture } from "../mixture/mixture.ts";
import type { RobotEnvironment, RobotOptions } from "./environment.ts";
import { type RecordingLength, recordDemonstrations, recordingOf } from "./record.ts";
import { createRobot, findRobot } from "./robots.ts";

const hasLibav = (await loadLibav()) !== null;
const watcher = { recorded: () => {}, isStopped: () => false };
let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "armature-recorded-"));
});
afterAll(() => rm(scratch, { recursive: true }));

async function make(name: string, changes: Partial<RobotOptions>): Promise<RobotEnvironment> {
  const design = findRobot(name);
  return await createRobot(design, { ...design.defaults, ...changes });
}

/** Records a robot's expert into a new folder and returns how it went. */
async function record(robot: RobotEnvironment, folder: string, wanted: RecordingLength) {
  const description = recordingOf(robot, { version: "v3.0", codec: "h264", ...wanted });
  const writer = await DatasetWriter.create(join(scratch, folder), description);
  return await recordDemonstrations(robot, writer, wanted, watcher);
}

/** The mean difference of two pictures' bytes. */
function apart(one: Picture, other: Picture): number {
  return one.cells.reduce((sum, cell, at) => sum + Math.abs(cell - other.cells[at]!), 0) / one.cells.length;
}

/** The pictures of a frame's sample, of a recording of one episode: in the order of views front, wrist. */
async function samples(location: string): Promise<(frame: number) => Promise<readonly (Picture | null)[]>> {
  const entry: MixtureEntry = {
    name: "seen",
    source: { kind: "lerobot", location, taskAnnotation: "declared" },
    episodes: "all",
    mapping: { ...asFound, controlMode: "joint" },
    role: "train",
    weight: null,
    validationRatio: 0.5,
  };
  const views = ["front", "wrist"];
  const { mixture, datasets } = await openMixture({
    seed: 1,
    views,
    windows: "every",
    entries: [entry],
    pictureMemoryBytes: 0,
  });
  const unit: Normalization = { mode: "identity", center: new Float64Array(7), scale: new Float64Array(7).fill(1) };
  const subject = { dataset: datasets[0]!, member: mixture.members[0]!, action: unit, state: unit };
  return async (frame) => {
    const example = await loadExample(subject, { member: 0, episode: 0, frame, draw: 0 }, choiceOfSamples);
    return example.pictures;
  };
}

const choiceOfSamples: ExampleChoice = {
  seed: 1,
  purpose: "train",
  layout: { steps: 2, observations: 1, tokens: 64, responseTokens: 0, pictureSize: 64 },
  reading: {
    rate: "native",
    interval: 1,
    historyDropout: 0,
    responseDropout: 0,
    actionFrame: "absolute",
    pastEnd: "nothing",
    prompt: "task",
    letterbox: "antialiased-centred",
    longPrompt: "refuse",
    augmentation: "none",
  },
  tokenizer: byteTokenizer,
  answers: null,
};

it.skipIf(!hasLibav).each([0, 5])("an episode ends %d steps after success", async (stepsAfterSuccess) => {
  const robot = await make("bimanual", { observation: "state" });
  const wanted = { episodes: 3, seed: 4, stepsAfterSuccess };
  let steps = 0;
  for (let episode = 0; episode < wanted.episodes; episode++) {
    robot.reset(wanted.seed, episode);
    for (; !robot.isSuccess(); steps++) robot.act(Float32Array.from(robot.demonstrate()));
  }
  const { frames, attempts } = await record(robot, `bimanual-${stepsAfterSuccess}`, wanted);
  expect({ frames, attempts }).toEqual({ frames: steps + 3 * stepsAfterSuccess, attempts: 3 });
  robot.close();
});

describe.skipIf(!hasLibav)("a recording", () => {
  const choice = { name: "partial", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;

  it("holds the attempts that succeeded, and of the others nothing", async () => {
    const robot = await make("reacher", { observation: "state" });
    // With so few steps some starts are too far off.
    const hasty = withStepLimit(robot, 14);
    const succeeded: { start: number[]; steps: number }[] = [];
    let attempts = 0;
    for (; succeeded.length < 5; attempts++) {
      robot.reset(6, attempts);
      const start = [...robot.observeState().state].map(Math.fround);
      let steps = 0;
      for (; steps < 14 && !robot.isSuccess(); steps++) robot.act(Float32Array.from(robot.demonstrate()));
      if (robot.isSuccess()) succeeded.push({ start, steps });
    }
    expect(attempts).toBeGreaterThan(5);
    const found = await record(hasty, "partial", { episodes: 5, seed: 6, stepsAfterSuccess: 0 });
    expect(found).toEqual({
      episodes: 5,
      attempts,
      frames: succeeded.reduce((sum, { steps }) => sum + steps, 0),
      isInterrupted: false,
    });
    const dataset = await openDataset(join(scratch, "partial"), choice);
    for (const [episode, { start, steps }] of succeeded.entries()) {
      const states = (await dataset.table(episode)).vector("observation.state");
      expect([states.shape[0], [...states.cells.subarray(0, 4)]]).toEqual([steps, start]);
    }
    await dataset.close();
    robot.close();
  });

  it("is given up where more than half of many attempts failed, and goes on where it is just half", async () => {
    const robot = await make("reacher", { observation: "state" });
    /** One step long; attempts succeed by their number. */
    const byNumber = (succeeds: (attempt: number) => boolean): RobotEnvironment => {
      let [attempt, steps] = [0, 0];
      return {
        ...withStepLimit(robot, 1),
        reset: (seed, episode) => {
          robot.reset(seed, episode);
          [attempt, steps] = [episode, 0];
        },
        act: (action) => {
          robot.act(action);
          steps++;
        },
        isSuccess: () => steps > 0 && succeeds(attempt),
      };
    };
    const wanted = { episodes: 12, seed: 6, stepsAfterSuccess: 0 };
    // Attempts 0, 2, …, 22 succeed: before attempt 22 it is 11 of 22.
    const half = byNumber((attempt) => attempt % 2 === 0);
    expect(await record(half, "half", wanted)).toMatchObject({ episodes: 12, attempts: 23, frames: 12 });
    // Attempts 1, 3, …, 17 and 20 succeed: before attempt 20 it is 9 of 20, which are not yet many, before attempt 21 10 of 21.
    const less = byNumber((attempt) => attempt === 20 || (attempt % 2 === 1 && attempt < 19));
    await expect(record(less, "less", wanted)).rejects.toThrow('"reacher": its expert succeeded in 10 of 21 attempts');
    robot.close();
  });

  it("names the dofs of actions and the entries of states, each their own", async () => {
    const robot = await make("gantry", { observation: "state" });
    await record(robot, "named", { episodes: 1, seed: 1, stepsAfterSuccess: 0 });
    const dataset = await openDataset(join(scratch, "named"), choice);
    expect(dataset.features.get("action")?.names).toEqual(["x_velocity", "y_velocity", "z_velocity", "gripper"]);
    expect(dataset.features.get("observation.state")?.names).toEqual([
      ...["x", "y", "z", "gripper"],
      ...["cube_x", "cube_y", "cube_z", "cube_yaw", "pad_x", "pad_y"],
    ]);
    expect([dataset.framesPerSecond, dataset.robotType]).toEqual([20, "gantry_state"]);
    await dataset.close();
    robot.close();
  });
});

/** The same robot, whose episodes count as failed after so many steps. */
function withStepLimit(robot: RobotEnvironment, stepLimit: number): RobotEnvironment {
  return {
    name: robot.name,
    embodiment: robot.embodiment,
    options: robot.options,
    framesPerSecond: robot.framesPerSecond,
    stepLimit,
    reset: (seed, episode) => robot.reset(seed, episode),
    observe: () => robot.observe(),
    observeState: () => robot.observeState(),
    show: () => robot.show(),
    act: (action) => robot.act(action),
    isSuccess: () => robot.isSuccess(),
    demonstrate: () => robot.demonstrate(),
    close: () => robot.close(),
  };
}

describe.skipIf(!hasLibav)("a recording, played again on another robot", () => {
  const wanted = { episodes: 3, seed: 4, stepsAfterSuccess: 2 };
  const choice = { name: "replayed", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;

  it.each(["reacher", "pusher", "arm"])(
    "%s: at each frame it holds the state before the action, and the action leads to the state of the next frame",
    async (name) => {
      const robot = await make(name, { observation: "state" });
      await record(robot, name, wanted);
      const dataset = await openDataset(join(scratch, name), choice);
      const again = await make(name, { observation: "state" });
      for (const { index, length } of dataset.episodes) {
        const table = await dataset.table(index);
        const [states, actions] = [table.vector("observation.state"), table.vector("action")];
        const rowOf = ({ cells, shape }: typeof states, frame: number) =>
          cells.slice(frame * shape[1]!, (frame + 1) * shape[1]!);
        again.reset(wanted.seed, index);
        for (let frame = 0; frame < length; frame++) {
          const { state, instruction } = again.observeState();
          expect([...rowOf(states, frame)], `episode ${index}, frame ${frame}`).toEqual([...state].map(Math.fround));
          expect(table.tasks[frame]).toBe(instruction);
          again.act(rowOf(actions, frame));
        }
        expect(again.isSuccess()).toBe(true);
      }
      await dataset.close();
      for (const one of [robot, again]) one.close();
    },
  );

  it("each camera's picture is what it saw before the action, in its own colours, also as a sample of training", async () => {
    const robot = await make("arm", { imageSize: 64 });
    await record(robot, "seen", { episodes: 1, seed: 2, stepsAfterSuccess: 0 });
    const dataset = await openDataset(join(scratch, "seen"), choice);
    const actions = (await dataset.table(0)).vector("action");
    const fit = { height: 64, width: 64 };
    const again = await make("arm", { imageSize: 64 });
    again.reset(2, 0);
    const length = actions.shape[0]!;
    const sample = await samples(join(scratch, "seen"));
    const sums = new Map(dataset.cameras.map((camera) => [camera, { own: 0, next: 0 }]));
    for (let frame = 0; frame < length; frame++) {
      const before = again.show();
      again.act(actions.cells.slice(frame * 7, (frame + 1) * 7));
      const after = again.show();
      for (const [camera, sum] of sums) {
        const stored = await dataset.picture(camera, 0, frame, fit);
        sum.own += apart(stored, before.get(camera)!) / length;
        sum.next += apart(stored, after.get(camera)!) / length;
        const view = dataset.cameras.indexOf(camera);
        expect(apart((await sample(frame))[view]!, before.get(camera)!)).toBeLessThan(4);
      }
    }
    expect([...sums.keys()]).toEqual(["observation.images.front", "observation.images.wrist"]);
    for (const { own, next } of sums.values()) {
      // The codec is lossy; colours in another order would be off by tens.
      expect(own).toBeLessThan(3);
      expect(own).toBeLessThan(next);
    }
    await dataset.close();
    for (const one of [robot, again]) one.close();
  });
});
