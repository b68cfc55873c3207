import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Picture } from "../dataset/dataset.ts";
import { loadLibav } from "../dataset/libav.ts";
import { openPictureReader } from "../dataset/read/video.ts";
import { wholeClip } from "../dataset/testing/film.ts";
import { zeros } from "../graph/host-array.ts";
import { sideBySide } from "./film.ts";
import { Films } from "./films.ts";

const libav = await loadLibav();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-films-"));
});
afterAll(() => rm(folder, { recursive: true }));

function even(brightness: number, side: number): Picture {
  return coloured([brightness, brightness, brightness], side);
}

function coloured(colour: readonly [red: number, green: number, blue: number], side: number): Picture {
  const picture = zeros("h w c", [side, side, 3], "uint8");
  for (let at = 0; at < picture.cells.length; at++) picture.cells[at] = colour[at % 3]!;
  return picture;
}

describe("films", () => {
  it.skipIf(libav === null)("show what each camera saw at each step, from left to right, an episode each", async () => {
    const films = new Films(libav!, folder, { name: "arm", framesPerSecond: 10 });
    const brightness = (episode: number, step: number) => [40 + 20 * step, 220 - 20 * step - episode];
    for (let step = 0; step < 5; step++)
      for (const episode of [0, 3]) {
        const [front, wrist] = brightness(episode, step).map((each) => even(each, 32));
        const pictures = [["front", front!] as const, ["wrist", wrist!] as const];
        films.add(episode, new Map(pictures));
      }
    films.finish();
    expect(films.paths).toEqual([
      [0, join(folder, "arm-000.mp4")],
      [3, join(folder, "arm-003.mp4")],
    ]);
    const reader = await openPictureReader();
    for (const [episode, path] of films.paths) {
      const clip = await wholeClip(path);
      expect(clip.pictures.length).toBe(5);
      for (let frame = 0; frame < 5; frame++) {
        const shown = await reader.frame({
          clip,
          frame,
          fit: { height: 4096, width: 4096 },
          passing: null,
          depth: null,
        });
        expect(shown.shape).toEqual([32, 64, 3]);
        const [left, right] = [16, 48].map((column) => shown.cells[(16 * 64 + column) * 3]!);
        const [front, wrist] = brightness(episode, frame);
        // The codec is lossy.
        expect(Math.abs(left! - front!)).toBeLessThan(4);
        expect(Math.abs(right! - wrist!)).toBeLessThan(4);
      }
    }
    reader.close();
  });

  it.skipIf(libav === null)("keep red, green and blue of each camera", async () => {
    const films = new Films(libav!, folder, { name: "coloured", framesPerSecond: 10 });
    const [front, wrist] = [coloured([200, 90, 30], 32), coloured([20, 70, 190], 32)];
    films.add(0, new Map(Object.entries({ front, wrist })));
    films.finish();
    const [[, path = ""] = []] = films.paths;
    const reader = await openPictureReader();
    const clip = await wholeClip(path);
    const shown = await reader.frame({
      clip,
      frame: 0,
      fit: { height: 4096, width: 4096 },
      passing: null,
      depth: null,
    });
    reader.close();
    for (const [column, colour] of [
      [16, [200, 90, 30]],
      [48, [20, 70, 190]],
    ] as const) {
      const at = (16 * 64 + column) * 3;
      // Half the colour planes, and a lossy codec.
      for (const [channel, value] of colour.entries())
        expect(Math.abs(shown.cells[at + channel]! - value)).toBeLessThan(5);
    }
  });

  it("have pictures of one height", () => {
    expect(() => sideBySide([even(0, 16), even(0, 32)])).toThrow("expected pictures of one height");
    expect(() => sideBySide([])).toThrow("expected pictures of one height");
  });
});
