import { parentPort, workerData } from "node:worker_threads";
import { encodeError } from "../plain-error.ts";
import { encodeBatch, transferList } from "./batch.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./loader-message.ts";
import { BatchMaker, type BatchRequest } from "./maker.ts";

/** The thread that `loader.ts` starts: it makes the batches it is asked for until it is told to close. */
const port = parentPort;
if (port === null) throw new Error("loader-worker: expected to run as a worker of loader.ts");
const { plan, pictures }: WorkerStart = workerData;
const opening = BatchMaker.open(plan, pictures);
// Each request says so itself if opening failed.
opening.catch(() => {});
let isClosing = false;
let last: Promise<void> = Promise.resolve();

// One after the other: the batch that is needed first is there first.
port.on("message", (message: ToWorker) => {
  if (message.kind === "make") last = last.then(() => answer(message.id, message.request));
  else void close();
});

async function answer(id: number, request: BatchRequest): Promise<void> {
  if (isClosing) return;
  try {
    const batch = encodeBatch(await (await opening).make(request));
    post({ kind: "made", id, batch }, transferList(batch));
  } catch (error) {
    post({ kind: "failed", id, error: encodeError(error) }, []);
  }
}

async function close(): Promise<void> {
  isClosing = true;
  await last;
  const maker = await opening.catch(() => null);
  await maker?.close();
  port?.close();
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[]): void {
  port?.postMessage(message, transfer);
}
