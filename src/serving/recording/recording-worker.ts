import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { reason } from "../../dataset/problem.ts";
import type { FromRecording, RecordingTask, ToRecording } from "./recording-message.ts";
import { longestEpisode, RecordingStore } from "./recording-store.ts";

/** The thread that `recorder.ts` starts: it writes what it is sent, one after the other, and behind whoever answers robots. */
const port = parentPort;
if (port === null) throw new Error("recording-worker: expected to run as a worker of recorder.ts");
const task: RecordingTask = workerData;
const store = new RecordingStore(task.folder, task.robots, longestEpisode);
let last: Promise<void> = Promise.resolve();
let hasFailed = false;
yieldToOthers();
port.on("message", (message: ToRecording) => {
  last = last.then(() => take(message));
});

async function take(message: ToRecording): Promise<void> {
  if (hasFailed) return;
  try {
    if (message.kind === "frame") await store.add(message.session, message.robot, message.frame);
    else if (message.kind === "end") await store.end(message.session);
    else {
      await store.close();
      post({ kind: "closed" });
      port?.close();
      return;
    }
    post({ kind: "done" });
  } catch (error) {
    hasFailed = true;
    post({ kind: "failed", why: reason(error) });
    port?.close();
  }
}

function post(message: FromRecording): void {
  port?.postMessage(message);
}

/** Linux gives threads priorities of their own; elsewhere the scheduler decides. */
function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  const lowest = 19;
  setPriority(Number(basename(readlinkSync("/proc/thread-self"))), lowest);
}
