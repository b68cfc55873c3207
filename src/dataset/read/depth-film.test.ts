import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Picture } from "../dataset.ts";
import { loadLibav } from "../libav.ts";
import { type DepthFilm, depthSize, writeDepthFilm } from "../testing/depth-film.ts";
import { hasFfmpeg } from "../testing/ffmpeg-program.ts";
import { evenFilm, wholeClip, writeFilm } from "../testing/film.ts";
import { writeV2 } from "../testing/small-dataset.ts";
import { FfmpegReader } from "./ffmpeg-reader.ts";
import { LibavReader } from "./libav-reader.ts";
import { openDataset } from "./open.ts";
import type { PictureReader } from "./picture-reader.ts";
import { inspectDataset } from "./validate.ts";

const libav = await loadLibav();
const whole = { height: 4096, width: 4096 };
const pictures = 9;
/** 0 at the left, as where nothing was measured; then 500 + 100 k, growing by 40 a column. */
const depthOf = (picture: number, x: number) => (x === 0 ? 0 : 500 + 100 * picture + 40 * x);
const millimetres = { near: 500, far: 3000 };
/** What column `x` of picture `k` shows: its share of 2500 mm, of 255. */
const shownOf = (picture: number, x: number) => (x === 0 ? 0 : Math.round(0.102 * (100 * picture + 40 * x)));
/** One channel of the first line. */
const line = ({ cells }: Picture, width: number) => Array.from({ length: width }, (_, x) => cells[3 * x]!);

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const readers = (): PictureReader[] => [
  ...(libav === null ? [] : [new LibavReader(libav, 2)]),
  ...(hasFfmpeg() ? [new FfmpegReader()] : []),
];

const kinds: readonly (DepthFilm & { readonly within: number })[] = [
  { encoder: "png", pixelFormat: "gray16be", container: "mp4", within: 0 },
  { encoder: "ffv1", pixelFormat: "gray16le", container: "mov", within: 0 },
  // It loses what is small: 4 of 255 levels are 40 mm of 2500.
  { encoder: "libx265", pixelFormat: "gray12le", container: "mp4", within: 4 },
];

describe.skipIf(libav === null)("a film of depths (needs node-av to write it)", () => {
  test.each(kinds)("$encoder $pixelFormat is read in its own range, by every decoder that is here", async (kind) => {
    const path = join(root, "depth.mp4");
    await writeDepthFilm(path, kind, pictures, depthOf);
    const clip = await wholeClip(path);
    for (const reader of readers()) {
      for (const frame of [0, 1, 8, 4]) {
        const shown = await reader.frame({ clip, frame, fit: whole, passing: null, depth: millimetres });
        expect(shown.shape).toEqual([depthSize.height, depthSize.width, 3]);
        for (const [x, level] of line(shown, depthSize.width).entries())
          expect(Math.abs(level - shownOf(frame, x))).toBeLessThanOrEqual(kind.within);
      }
      // Of each two columns the second is chosen, never their mean: 0 beside 540 would be one that was never measured.
      const half = await reader.frame({
        clip,
        frame: 2,
        fit: { height: 8, width: 16 },
        passing: null,
        depth: millimetres,
      });
      for (const [x, level] of line(half, 16).entries())
        expect(Math.abs(level - shownOf(2, 2 * x + 1))).toBeLessThanOrEqual(kind.within);
      reader.close();
    }
  });

  test("is refused as colours, and colours as depths, naming how the film holds its pixels", async () => {
    const [deep, shallow, colours] = ["deep", "shallow", "colours"].map((name) => join(root, `${name}.mp4`));
    await writeDepthFilm(deep!, { encoder: "ffv1", pixelFormat: "gray10le", container: "mov" }, 4, (_, x) => x);
    await writeDepthFilm(shallow!, { encoder: "libx265", pixelFormat: "gray8", container: "mp4" }, 4, (_, x) => x);
    await writeFilm(colours!, evenFilm(4, 10));
    const ask = async (reader: PictureReader, path: string, depth: typeof millimetres | null) =>
      await reader
        .frame({ clip: await wholeClip(path), frame: 1, fit: whole, passing: null, depth })
        .then(() => "shown")
        .catch((error: unknown) => String(error));
    for (const reader of readers()) {
      expect(await ask(reader, deep!, null)).toMatch(
        /frame 1 .* got a film of gray10le, .* declare it .*is_depth_map$/,
      );
      expect(await ask(reader, shallow!, millimetres)).toMatch(/got a depth film of gray, .* or leave it out$/);
      expect(await ask(reader, colours!, millimetres)).toMatch(/got a depth film of yuv420p, .* or leave it out$/);
      expect(await ask(reader, shallow!, null)).toBe("shown");
      reader.close();
    }
  });

  test("of a dataset is left out and said, unless the choice has a range for it", async () => {
    const key = "observation.images.depth";
    const feature = { dtype: "video", shape: [16, 32, 1], names: null, info: { "video.is_depth_map": true } };
    await writeV2(root, [pictures], { [key]: feature }, () => []);
    const film = join(root, `videos/chunk-000/${key}/episode_000000.mp4`);
    await writeDepthFilm(film, { encoder: "png", pixelFormat: "gray16be", container: "mp4" }, pictures, depthOf);
    const open = (depth: Record<string, typeof millimetres>) =>
      openDataset(root, { name: "toy", episodes: "all", taskAnnotation: "none", pictureMemoryBytes: 0, depth });
    const without = await open({});
    expect([without.cameras, without.notes.map(({ code }) => code)]).toEqual([[], ["depth-left-out"]]);
    const { problems, cameras } = await inspectDataset(root, "toy", () => {}, "ends");
    expect([problems, cameras]).toEqual([[], []]);
    const toy = await open({ [key]: millimetres });
    expect([toy.cameras, toy.notes]).toEqual([[key], []]);
    expect(line(await toy.picture(key, 0, 3, whole), 32)).toEqual(Array.from({ length: 32 }, (_, x) => shownOf(3, x)));
    expect((await toy.compareFilms([key])).problems).toEqual([]);
    await rm(film);
    expect((await open({ [key]: millimetres })).absentCameras).toEqual([key]);
  });
});
