import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { SharedPictures, sharedPictureMemory } from "./shared-pictures.ts";
import { type Keeping, numberedLine } from "./testing/keeping-worker.ts";

const fit = { height: 4, width: 4 };
const place = { camera: 1, episode: 2, frame: 3, fit };
const picture = (level: number) => new HostArray("h w c", [4, 4, 3], "uint8", new Uint8Array(48).fill(level));

describe("pictures that threads share", () => {
  it("are found by each of them, under their own place only, and the first stays", () => {
    const memory = sharedPictureMemory(1 << 12);
    const [one, other] = [new SharedPictures(memory), new SharedPictures(memory)];
    expect(other.get(place)).toBeUndefined();
    one.keep(place, picture(7));
    expect(other.get(place)).toEqual(picture(7));
    other.keep(place, picture(8));
    for (const shared of [one, other, new SharedPictures(memory)]) expect(shared.get(place)).toEqual(picture(7));
    const others = [
      { ...place, camera: 0 },
      { ...place, episode: 3 },
      { ...place, frame: 2 },
      { ...place, fit: { height: 4, width: 5 } },
      { ...place, fit: { height: 5, width: 4 } },
    ];
    for (const [at, elsewhere] of others.entries()) {
      expect(one.get(elsewhere)).toBeUndefined();
      other.keep(elsewhere, picture(at));
      expect(one.get(elsewhere)).toEqual(picture(at));
    }
  });

  it("stay when there is no more room, and what comes then does not", () => {
    // 48 bytes of pixels and 48 of facts each, behind 16 of the memory's own: room for two.
    const shared = new SharedPictures(sharedPictureMemory(16 + 2 * 96 + 95));
    for (const frame of [0, 1, 2, 3]) {
      expect(shared.mayStay()).toBe(frame < 3);
      shared.keep({ ...place, frame }, picture(frame));
    }
    expect([0, 1, 2, 3].map((frame) => shared.get({ ...place, frame })?.cells[0])).toEqual([
      0,
      1,
      undefined,
      undefined,
    ]);
    shared.clear();
    expect(shared.get({ ...place, frame: 1 })).toEqual(picture(1));
  });

  it.each([0, 15, 16])("are none in a memory of %i bytes", (bytes) => {
    const shared = new SharedPictures(sharedPictureMemory(bytes));
    shared.keep(place, picture(1));
    expect([shared.get(place), shared.mayStay()]).toEqual([undefined, false]);
  });

  it("are whole and their own however threads come between each other", async () => {
    const pictures = 2000;
    const memory = sharedPictureMemory(pictures * 4 * (48 + 160));
    const workers = [1, 7, 1999, 1].map((stride) => {
      const workerData: Keeping = { memory, pictures, stride };
      return new Worker(new URL("./testing/keeping-worker.ts", import.meta.url), { workerData });
    });
    expect(await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]))).toEqual([
      [],
      [],
      [],
      [],
    ]);
    const shared = new SharedPictures(memory);
    for (let frame = 0; frame < pictures; frame++)
      expect(shared.get({ camera: 0, episode: 0, frame, fit: { height: 8, width: 50 } })).toEqual(numberedLine(frame));
  });
});
