import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import type { LoadedPolicy } from "../serving/policy.ts";
import type { Log } from "../serving/protocol/log.ts";
import type { Recorder } from "../serving/recording/recorder.ts";
import type { RecordingServer } from "../serving/recording/recording-source.ts";
import { type CommandValues, choice, otherwise, text } from "./parameter.ts";

/** Options of what is written of what is asked and answered. */
export const recordOptions = {
  record: otherwise(text("folder", "that gets a LeRobot dataset of what each robot asked and was answered"), null),
  recordPictures: otherwise(
    choice("how", "recorded pictures are kept: every bit, or much smaller with losses", ["exact", "small"]),
    "exact",
  ),
} as const;

/**
 * What records, as options say; `undefined` where nothing is to be.
 *
 * @throws InputError where the folder cannot be written, or a robot cannot be recorded
 */
export async function recorderGiven(
  { record, recordPictures, smooth }: CommandValues<typeof recordOptions> & { readonly smooth: number | null },
  policy: LoadedPolicy,
  server: Omit<RecordingServer, "codec">,
  log: Log,
): Promise<Recorder | undefined> {
  if (record === null) return undefined;
  if (smooth !== null)
    throw new InputError("--record: expected no --smooth with it, got both; replay cannot ask again what was averaged");
  const { Recorder, usualQueueBytes } = await import("../serving/recording/recorder.ts");
  const { recordableRobots } = await import("../serving/recording/recording-source.ts");
  const codec = recordPictures === "exact" ? "h264-lossless" : "h264";
  const robots = recordableRobots(policy, { ...server, codec });
  return await Recorder.open({
    folder: resolve(record),
    robots,
    queueBytes: usualQueueBytes,
    began: Date.now() / 1000,
    log: (line) => log(line, { event: "recording" }),
  });
}
