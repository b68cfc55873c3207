import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import type { RecordableRobot, RecordedFrame } from "./recorded-frame.ts";
import { RecordingStore } from "./recording-store.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-store-"));
afterAll(() => rm(scratch, { recursive: true }));

const robot: RecordableRobot = {
  name: "toy-joint",
  robotType: "toy",
  framesPerSecond: 10,
  states: ["a"],
  dofs: ["a"],
  cameras: ["observation.images.top"],
  steps: 2,
  pictureSide: 16,
  codec: "h264-lossless",
  source: { step: 1 },
};

function frame(session: number, number: number, side: number | null): RecordedFrame {
  const picture = side === null ? null : { height: side, width: side, cells: new Uint8Array(side * side * 3).fill(9) };
  return {
    key: { server: 5, session, seed: 1, episode: 0, frame: number },
    time: 7,
    state: [number],
    action: [-number],
    task: "reach",
    pictures: [["observation.images.top", picture]],
    answer: null,
  };
}

/** The frames of each episode of a dataset, by session and number, and whether a camera gave a picture. */
async function held(name: string) {
  const dataset = await openDataset(join(scratch, name), {
    name,
    episodes: "all",
    taskAnnotation: "declared",
    pictureMemoryBytes: 0,
  });
  const found = [];
  for (const { index, length } of dataset.episodes) {
    const table = await dataset.table(index);
    const requests = table.vector("served.request").cells;
    const cameras = table.vector("served.cameras").cells;
    found.push(Array.from({ length }, (_, row) => `${requests[9 * row + 1]}:${requests[9 * row + 4]}:${cameras[row]}`));
  }
  const sizes = dataset.features.get("observation.images.top")?.shape;
  await dataset.close();
  return { found, side: sizes?.[0] };
}

describe.skipIf(!hasLibav)("recordings of a folder", () => {
  it("end long episodes, go on beside them, and keep pictures of other sizes and of other policies apart", async () => {
    const store = new RecordingStore(scratch, [robot], 2);
    await store.add(0, 0, frame(0, 0, null));
    await store.add(1, 0, frame(1, 0, 16));
    await store.add(0, 0, frame(0, 1, 16));
    await store.add(0, 0, frame(0, 2, null));
    // Another camera: the episode ends, and the next one is in a dataset of its own.
    await store.add(1, 0, frame(1, 1, 32));
    // A camera that gives none is as large as its session's, whatever others have.
    await store.add(0, 0, frame(0, 3, 16));
    await store.add(1, 0, frame(1, 2, null));
    await store.end(1);
    await store.end(1);
    await store.close();
    expect(await held("toy-joint")).toEqual({ found: [["0:0:0", "0:1:1"], ["1:0:1"], ["0:2:0", "0:3:1"]], side: 16 });
    expect(await held("toy-joint-2")).toEqual({ found: [["1:1:1", "1:2:0"]], side: 32 });
    const again = new RecordingStore(scratch, [robot], 2);
    await again.add(0, 0, frame(0, 0, 16));
    await again.close();
    const other = new RecordingStore(scratch, [{ ...robot, source: { step: 2 } }], 2);
    await other.add(0, 0, frame(0, 0, 16));
    await other.close();
    expect((await held("toy-joint")).found).toHaveLength(4);
    expect(await held("toy-joint-3")).toEqual({ found: [["0:0:1"]], side: 16 });
    expect((await readdir(scratch)).sort()).toEqual(["toy-joint", "toy-joint-2", "toy-joint-3"]);
  });

  it("know no robot beyond those that they are made for", async () => {
    const store = new RecordingStore(scratch, [robot], 2);
    await expect(store.add(0, 1, frame(0, 0, 16))).rejects.toThrow("recording: expected one of 1 robots");
  });
});
