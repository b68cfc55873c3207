import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { hasFfmpeg } from "../testing/ffmpeg-program.ts";
import { evenFilm, type FilmFixture, numberOf, putInBox, turnFilm, wholeClip, writeFilm } from "../testing/film.ts";
import { stillPicture } from "../testing/small-dataset.ts";
import { FfmpegReader } from "./ffmpeg-reader.ts";
import { LibavReader } from "./libav-reader.ts";
import type { Clip, PictureReader } from "./picture-reader.ts";

const libav = await loadLibav();
const large = { height: 4096, width: 4096 };
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

const pictures = 40;
const even = evenFilm(pictures, 30);
const uneven = [0, 33, 70, 90, 130, 170, 190, 250, 270, 300, 350, 1000, 1020, 1040, 1080, 1100, 1900, 1950];
/** The third of a keyframe's pictures is the first that is shown, the 30th the last. */
const cut = { from: 3, to: 30 };

const kinds: Readonly<Record<string, FilmFixture>> = {
  "H.264": even,
  "H.264 with B-frames": { ...even, bFrames: 3 },
  "H.265 with B-frames": { ...even, encoder: "libx265", bFrames: 3 },
  AV1: { ...even, encoder: "libsvtav1" },
  VP9: { ...even, encoder: "libvpx-vp9" },
  "MPEG-4": { ...even, encoder: "mpeg4" },
  "MPEG-4 with B-frames": { ...even, encoder: "mpeg4", bFrames: 2 },
  "29.97 a second": { ...evenFilm(pictures, [30000, 1001]), bFrames: 2 },
  "23.976 a second": evenFilm(pictures, [24000, 1001]),
  "5 a second": evenFilm(pictures, 5),
  "of varying rate": { ...even, timescale: 1000, ticks: uneven },
  "of varying rate with B-frames": { ...even, timescale: 1000, ticks: uneven, bFrames: 3 },
  "that starts late": { ...even, ticks: even.ticks.map((ticks) => ticks + 7 * 512), bFrames: 3 },
  "of one keyframe": { ...even, keyframeEvery: 1000 },
};

const readers = (): Readonly<Record<string, PictureReader>> => ({
  ...(libav === null ? {} : { "node-av": new LibavReader(libav, 2) }),
  ...(hasFfmpeg() ? { ffmpeg: new FfmpegReader() } : {}),
});

/** What each frame of a clip shows, by reader, asked for forwards and from both ends. */
async function numbers(clip: Clip): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for (const [name, reader] of Object.entries(readers())) {
    const shown = async (frame: number) =>
      numberOf(await reader.frame({ clip, frame, fit: large, passing: null, depth: null }));
    const frames = [...clip.pictures.keys()];
    const forwards: number[] = [];
    for (const frame of frames) forwards.push(await shown(frame));
    found[name] = forwards;
    const jumps = frames.map((at) => (at % 2 === 0 ? at : frames.length - 1 - (at - (at % 2))));
    for (const frame of jumps) expect(await shown(frame)).toBe(forwards[frame]);
    reader.close();
  }
  return found;
}

/** The same for each reader there is here. */
const each = (expected: readonly number[]) =>
  Object.fromEntries(Object.keys(readers()).map((name) => [name, expected]));
const counting = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe.skipIf(libav === null)("every decoder that is here shows the same picture (needs node-av)", () => {
  test.each(Object.entries(kinds))("of a film %s", async (name, kind) => {
    const path = join(folder, `${name}.mp4`);
    await writeFilm(path, kind);
    const clip = await wholeClip(path);
    expect(await numbers(clip)).toEqual(each(counting(0, kind.ticks.length)));
    const middle = { ...clip, pictures: Int32Array.from([11, 12, 14, 17]) };
    expect(await numbers(middle)).toEqual(each([11, 12, 14, 17]));
  });

  test.each([0, 2])("of a film whose edit list leaves out its beginning and its end, %i B-frames", async (bFrames) => {
    const path = join(folder, `cut-${bFrames}.mp4`);
    await writeFilm(path, { ...even, bFrames });
    await putInBox(path, "elst", (content) => {
      const shift = content.readInt32BE(12);
      content.writeUInt32BE((cut.to - cut.from) * 512, 8);
      content.writeInt32BE(shift + cut.from * 512, 12);
    });
    expect(await numbers(await wholeClip(path))).toEqual(each(counting(cut.from, cut.to)));
  });

  test("of a film that is to be shown turned, which is upright then", async () => {
    const path = join(folder, "turned.mp4");
    await writeFilm(path, evenFilm(5, 10));
    const [lowest, highest] = [1, 2];
    for (const [turns, size, bright] of [
      [0, [64, 96, 3], [32, 6]],
      [1, [96, 64, 3], [6, 32]],
      [2, [64, 96, 3], [32, 89]],
      [3, [96, 64, 3], [89, 32]],
    ] as const) {
      await turnFilm(path, turns);
      const clip = await wholeClip(path);
      for (const reader of Object.values(readers())) {
        const shown = await reader.frame({ clip, frame: lowest, fit: large, passing: null, depth: null });
        expect(shown.shape).toEqual(size);
        // Picture 1 has its leftmost bar lit and no other: turned clockwise it comes to stand above.
        expect(shown.cells[(bright[0] * size[1] + bright[1]) * 3]).toBeGreaterThan(200);
        const other = await reader.frame({
          clip,
          frame: highest,
          fit: { height: 48, width: 48 },
          passing: null,
          depth: null,
        });
        expect(other.shape).toEqual(turns % 2 === 0 ? [32, 48, 3] : [48, 32, 3]);
        reader.close();
      }
    }
  });

  test("and an error that names file, episode and frame where the file ends early", async () => {
    const path = join(folder, "short.mp4");
    await writeFilm(path, even);
    const clip = { ...(await wholeClip(path)), episode: 7 };
    await writeFile(path, (await readFile(path)).subarray(0, 2000));
    for (const reader of Object.values(readers())) {
      const asked = reader.frame({ clip, frame: 39, fit: large, passing: null, depth: null });
      await expect(asked).rejects.toThrow(/short\.mp4: expected frame 39 of episode 7, got .*fetch it again/);
      reader.close();
    }
  });

  test("of a still picture", async () => {
    for (const reader of Object.values(readers())) {
      const still = await reader.still(await stillPicture("png", 77), large);
      expect([still.shape, still.cells[5]]).toEqual([[48, 64, 3], 77]);
      reader.close();
    }
  });
});
