import { setImmediate } from "node:timers/promises";
import type { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import type { WrittenDescription, WrittenVersion } from "../dataset/write/description.ts";
import type { RobotEnvironment } from "./environment.ts";

/** How a robot's demonstrations are written. */
export interface RecordingChoice {
  readonly version: WrittenVersion;
  readonly codec: WrittenDescription["codec"];
  readonly seed: number;
  readonly stepsAfterSuccess: number;
}

/** The dataset that a robot's demonstrations make. */
export function recordingOf(
  robot: RobotEnvironment,
  { version, codec, seed, stepsAfterSuccess }: RecordingChoice,
): WrittenDescription {
  const { name, embodiment, options, framesPerSecond } = robot;
  const side = options.imageSize;
  return {
    version,
    codec,
    framesPerSecond,
    robotType: embodiment.robotType,
    vectors: [
      { key: "observation.state", names: embodiment.states.map((entry) => entry.name) },
      { key: "action", names: embodiment.dofs.map((dof) => dof.name) },
    ],
    cameras: embodiment.cameras.flatMap(({ key }) => (key === null ? [] : [{ key, height: side, width: side }])),
    source: {
      maker: "armature record",
      robot: name,
      controlMode: embodiment.controlMode,
      seed,
      stepsAfterSuccess,
      options,
    },
  };
}

/** Episodes that are put on the disk at a time: what a crash loses of them is made again in seconds. */
export const savedTogether = 16;

/** Hears of a recording as it goes on, and may stop it. */
export interface RecordingWatcher {
  /** After each whole episode. */
  recorded(episodes: number, frames: number): void;
  /** Asked before each episode. */
  isStopped(): boolean;
}

/** How many demonstrations are recorded, and how long each is. */
export interface RecordingLength {
  readonly episodes: number;
  readonly seed: number;
  /** Steps that an episode goes on for after success; 0 ends it there, as real recordings end. */
  readonly stepsAfterSuccess: number;
}

/** How a recording went. */
export interface RecordingResult {
  /** Whole episodes in the dataset. */
  readonly episodes: number;
  readonly frames: number;
  /** Episodes that the expert played for them. */
  readonly attempts: number;
  readonly isInterrupted: boolean;
}

/**
 * Records a robot's scripted expert until the dataset holds so many episodes; failed episodes are left out.
 *
 * Attempt `n` is episode `n` of the robot's seed, so a resumed recording equals an uninterrupted one.
 *
 * @throws Error if the expert fails in more than half of many attempts
 */
export async function recordDemonstrations(
  robot: RobotEnvironment,
  writer: DatasetWriter,
  wanted: RecordingLength,
  watcher: RecordingWatcher,
): Promise<RecordingResult> {
  let attempts = writer.progress.attempts ?? 0;
  while (writer.episodes < wanted.episodes && !watcher.isStopped()) {
    if (attempts > 20 && attempts > 2 * writer.episodes)
      throw new Error(`robot "${robot.name}": its expert succeeded in ${writer.episodes} of ${attempts} attempts`);
    robot.reset(wanted.seed, attempts++);
    if (demonstrate(robot, writer, wanted.stepsAfterSuccess)) {
      await writer.finishEpisode({ attempts });
      watcher.recorded(writer.episodes, writer.frames);
    } else writer.dropEpisode();
    // A signal is only heard between turns of the event loop.
    await setImmediate();
  }
  const isInterrupted = writer.episodes < wanted.episodes;
  if (isInterrupted) await writer.leave();
  else await writer.finish();
  return { episodes: writer.episodes, frames: writer.frames, attempts, isInterrupted };
}

/** Plays one episode into a dataset; returns whether it succeeded. */
function demonstrate(robot: RobotEnvironment, writer: DatasetWriter, stepsAfterSuccess: number): boolean {
  for (let step = 0; step < robot.stepLimit && !robot.isSuccess(); step++) perform(robot, writer);
  const isSuccess = robot.isSuccess();
  for (let step = 0; step < stepsAfterSuccess && isSuccess; step++) perform(robot, writer);
  return isSuccess;
}

function perform(robot: RobotEnvironment, writer: DatasetWriter): void {
  const { state, pictures, instruction } = robot.observe();
  // The robot carries out what the dataset will hold.
  const action = Float32Array.from(robot.demonstrate());
  const vectors = new Map<string, ArrayLike<number>>([
    ["observation.state", state],
    ["action", action],
  ]);
  writer.add({ vectors, pictures, task: instruction });
  robot.act(action);
}
