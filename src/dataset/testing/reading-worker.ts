import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { openDataset } from "../read/open.ts";
import { everything } from "./real-data.ts";

/** Reads the whole of a small dataset in a worker thread and says what it saw. */
const dataset = await openDataset(String(workerData), everything("toy"));
const hash = createHash("sha256");
let actions = 0;
let pictures = 0;
for (const { index, length } of dataset.episodes) {
  const { cells } = (await dataset.table(index)).vector("action");
  actions += cells.length;
  for (let frame = 0; frame < length; frame++)
    for (const camera of dataset.cameras) {
      hash.update((await dataset.picture(camera, index, frame, { height: 24, width: 24 })).cells);
      pictures++;
    }
}
await dataset.close();
parentPort?.postMessage({ actions, pictures, hash: hash.digest("hex") });
