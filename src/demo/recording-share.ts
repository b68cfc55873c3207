import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import type { PlainError } from "../plain-error.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import {
  type RecordingChoice,
  type RecordingResult,
  type RecordingWatcher,
  recordDemonstrations,
  recordingOf,
  savedTogether,
} from "../simulation/record.ts";
import { createRobot, findRobot } from "../simulation/robots.ts";

/** What one thread records: plain data. */
export interface RecordingShare {
  /** Of the robot's design. */
  readonly name: string;
  readonly options: RobotOptions;
  readonly choice: RecordingChoice;
  readonly episodes: number;
  /** New or empty. */
  readonly folder: string;
  /** One cell, shared by all threads: not 0 where they are to stop. */
  readonly stop: Int32Array;
}

/** Messages of a thread; after the last it ends. */
export type FromRecordingShare =
  | { readonly kind: "recorded"; readonly episodes: number; readonly frames: number }
  | { readonly kind: "done"; readonly result: RecordingResult }
  | { readonly kind: "failed"; readonly error: PlainError };

/** Records a share in this thread. */
export async function recordShare(
  { name, options, choice, episodes, folder, stop }: RecordingShare,
  recorded: RecordingWatcher["recorded"],
): Promise<RecordingResult> {
  const robot = await createRobot(findRobot(name), options);
  try {
    const writer = await DatasetWriter.create(folder, recordingOf(robot, choice), savedTogether);
    const isStopped = () => Atomics.load(stop, 0) !== 0;
    return await recordDemonstrations(robot, writer, { ...choice, episodes }, { recorded, isStopped });
  } finally {
    robot.close();
  }
}
