import { parentPort, workerData } from "node:worker_threads";
import { encodeError } from "../plain-error.ts";
import { type FromRecordingShare, type RecordingShare, recordShare } from "./recording-share.ts";

/** The thread that `recording-threads.ts` starts: it records its share and ends. */
const port = parentPort;
if (port === null) throw new Error("recording-worker: expected to run as a worker of recording-threads.ts");
const share: RecordingShare = workerData;
try {
  const result = await recordShare(share, (episodes, frames) => post({ kind: "recorded", episodes, frames }));
  post({ kind: "done", result });
} catch (error) {
  post({ kind: "failed", error: encodeError(error) });
}

function post(message: FromRecordingShare): void {
  port?.postMessage(message);
}
