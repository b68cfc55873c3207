import { parentPort, workerData } from "node:worker_threads";
import { HostArray } from "../../graph/host-array.ts";
import { SharedPictures } from "../shared-pictures.ts";

/** What `keeping-worker.ts` is started with. */
export interface Keeping {
  readonly memory: SharedArrayBuffer;
  /** How many pictures there are, and how far apart the thread takes them. */
  readonly pictures: number;
  readonly stride: number;
}

/** Picture `frame`: a line of so many pixels as differ from picture to picture, each of its number. */
export function numberedLine(frame: number) {
  const width = 1 + (frame % 50);
  return new HostArray("h w c", [1, width, 3], "uint8", new Uint8Array(width * 3).fill(frame % 251));
}

/** Looks for every picture in a memory and keeps those that are not there; says what it found that was another than it should be. */
function keepAll({ memory, pictures, stride }: Keeping): string[] {
  const shared = new SharedPictures(memory);
  const wrong: string[] = [];
  for (let step = 0; step < pictures; step++) {
    const frame = (step * stride) % pictures;
    const place = { camera: 0, episode: 0, frame, fit: { height: 8, width: 50 } };
    const found = shared.get(place);
    const own = numberedLine(frame);
    if (found === undefined) shared.keep(place, own);
    else if (`${found.shape} ${found.cells}` !== `${own.shape} ${own.cells}`) wrong.push(`${frame}: ${found.shape}`);
  }
  return wrong;
}

const start: Keeping | null = workerData;
if (parentPort !== null && start !== null) parentPort.postMessage(keepAll(start));
