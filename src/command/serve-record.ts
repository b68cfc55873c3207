import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import type { Log } from "../serving/protocol/log.ts";
import type { RecordableRobot } from "../serving/recording/recorded-frame.ts";
import type { Recorder } from "../serving/recording/recorder.ts";
import type { RecordedPolicy, RecordingServer } from "../serving/recording/recording-source.ts";
import { type CommandValues, choice, otherwise, text } from "./parameter.ts";

/** Options of what is written of what is asked and answered. */
export const recordOptions = {
  record: otherwise(text("folder", "that gets a LeRobot dataset of what each robot asked and was answered"), null),
  recordPictures: otherwise(
    choice("how", "recorded pictures are kept: every bit, or much smaller with losses", ["exact", "small"]),
    "exact",
  ),
} as const;

export interface RecordGiven extends CommandValues<typeof recordOptions> {}

/** @throws InputError where something is said of what is recorded, and nothing is */
export function checkRecording({ record, recordPictures }: RecordGiven): void {
  if (record === null && recordPictures !== "exact")
    throw new InputError("--record-pictures: expected --record with it, got none; without it nothing is recorded");
}

/** What is recorded, and where. */
export interface RecordingPlan {
  readonly folder: string;
  readonly robots: readonly RecordableRobot[];
}

/**
 * What is recorded of a policy's robots, as options say; `null` where nothing is to be.
 *
 * @throws InputError where a robot cannot be recorded
 */
export async function recordedRobots(
  { record, recordPictures }: RecordGiven,
  policy: RecordedPolicy,
  server: Omit<RecordingServer, "codec">,
): Promise<RecordingPlan | null> {
  if (record === null) return null;
  const { recordableRobots } = await import("../serving/recording/recording-source.ts");
  const codec = recordPictures === "exact" ? "h264-lossless" : "h264";
  return { folder: resolve(record), robots: recordableRobots(policy, { ...server, codec }) };
}

/** What records it. @throws InputError where the folder cannot be written */
export async function recorderOf(recorded: RecordingPlan | null, log: Log): Promise<Recorder | undefined> {
  if (recorded === null) return undefined;
  const { Recorder, usualQueueBytes } = await import("../serving/recording/recorder.ts");
  return await Recorder.open({
    ...recorded,
    queueBytes: usualQueueBytes,
    began: Date.now() / 1000,
    log: (line) => log(line, { event: "recording" }),
  });
}
