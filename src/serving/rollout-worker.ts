import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import { encodeError } from "../plain-error.ts";
import { playShare } from "./rollout-play.ts";
import type { FromShare, RolloutShare } from "./rollout-share.ts";

/** The thread that `rollout-threads.ts` starts: it opens a share, waits until the others have, and plays it. */
const port = parentPort;
if (port === null) throw new Error("rollout-worker: expected to run as a worker of rollout-threads.ts");
const share: RolloutShare = workerData;
const go = once(port, "message");
try {
  const played = await playShare(share, {
    ready: async () => {
      post({ kind: "ready" });
      const [word] = await go;
      if (word === "end") throw new Error("another share has failed");
    },
    finished: (rollout) => post({ kind: "finished", rollout }),
  });
  post({ kind: "played", played });
} catch (error) {
  post({ kind: "failed", error: encodeError(error) });
}
// Else the process that waits for a message would never end.
port.close();

function post(message: FromShare): void {
  port?.postMessage(message);
}
