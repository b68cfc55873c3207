import { parentPort, workerData } from "node:worker_threads";
import { encodeBatch, transferList } from "./batch.ts";
import { encodeError, type FromWorker, type ToWorker } from "./loader-message.ts";
import { BatchMaker, type BatchRequest, type LoadPlan } from "./maker.ts";

/** The thread that `loader.ts` starts: it makes the batches it is asked for until it is told to close. */
const port = parentPort;
if (port === null) throw new Error("loader-worker: expected to run as a worker of loader.ts");
const plan: LoadPlan = workerData;
const opening = BatchMaker.open(plan);
// Each request says so itself if opening failed.
opening.catch(() => {});
const underWay = new Set<Promise<void>>();

port.on("message", (message: ToWorker) => {
  if (message.kind === "make") {
    const done = answer(message.id, message.request).finally(() => underWay.delete(done));
    underWay.add(done);
  } else void close();
});

async function answer(id: number, request: BatchRequest): Promise<void> {
  try {
    const batch = encodeBatch(await (await opening).make(request));
    post({ kind: "made", id, batch }, transferList(batch));
  } catch (error) {
    post({ kind: "failed", id, error: encodeError(error) }, []);
  }
}

async function close(): Promise<void> {
  await Promise.all(underWay);
  const maker = await opening.catch(() => null);
  await maker?.close();
  port?.close();
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[]): void {
  port?.postMessage(message, transfer);
}
