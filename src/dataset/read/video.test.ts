import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../input-error.ts";
import type { Picture } from "../dataset.ts";
import { loadLibav } from "../libav.ts";
import { wholeClip } from "../testing/film.ts";
import { hasRealData, onRealData, realDataset } from "../testing/real-data.ts";
import { grey, stillPicture, writeVideo } from "../testing/small-dataset.ts";
import type { Clip, PictureReader } from "./picture-reader.ts";
import { fittedSize } from "./scaler.ts";
import { openPictureReader } from "./video.ts";

const hasLibav = (await loadLibav()) !== null;
const large = { height: 4096, width: 4096 };
let folder = "";
let reader: PictureReader;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
  reader = await openPictureReader();
});
afterAll(async () => {
  reader.close();
  await rm(folder, { recursive: true });
});

const show = (of: Clip, frame: number, fit = large, by = reader) =>
  by.frame({ clip: of, frame, fit, passing: null, depth: null });

/** A shuffle that is the same each time. */
function shuffled(length: number): number[] {
  const frames = Array.from({ length }, (_, frame) => frame);
  let state = 12345;
  for (let at = length - 1; at > 0; at--) {
    state = (state * 1103515245 + 12345) % 2147483648;
    const other = state % (at + 1);
    [frames[at], frames[other]] = [frames[other]!, frames[at]!];
  }
  return frames;
}

function cellMeans({ shape, cells }: Picture): number[] {
  const [height = 0, width = 0] = shape;
  const sums = new Float64Array(8 * 8 * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        const cell = Math.floor((y * 8) / height) * 8 + Math.floor((x * 8) / width);
        sums[cell * 3 + channel]! += cells[(y * width + x) * 3 + channel]!;
      }
  return Array.from(sums, (sum) => (sum * 64) / (height * width));
}

describe.skipIf(!hasRealData || !hasLibav)(onRealData("real videos"), async () => {
  const stored = await readFile(join(import.meta.dirname, "../../../test/parity/video/frames.json"), "utf8");
  const { videos } = JSON.parse(stored) as {
    videos: {
      dataset: string;
      camera: string;
      episode: number;
      length: number;
      frames: { frame: number; cells: number[] }[];
    }[];
  };
  const of = (video: (typeof videos)[number]) => {
    const name = `episode_${String(video.episode).padStart(6, "0")}.mp4`;
    return wholeClip(join(realDataset(video.dataset), "videos/chunk-000", video.camera, name));
  };

  test.each(videos)("$dataset: frames have the pixels that PyAV shows", async (video) => {
    const whole = await of(video);
    for (const { frame, cells } of video.frames) {
      const distance = async (shown: number) => {
        const means = cellMeans(await show(whole, shown));
        return Math.max(...means.map((mean, at) => Math.abs(mean - cells[at]!)));
      };
      const own = await distance(frame);
      // PyAV's fast conversion rounds colours down, by 1 of 255 levels on average; ours rounds to the nearest.
      expect(own).toBeLessThan(2.1);
      expect(own).toBeLessThan(await distance(frame + 1));
      expect(own).toBeLessThan(await distance(Math.max(frame - 1, 1)));
    }
  });

  test.each(videos)("$dataset: the order in which frames are asked for changes no bit", async (video) => {
    const fit = { height: 32, width: 32 };
    const frames = Array.from({ length: 120 }, (_, frame) => frame);
    const forward: Picture[] = [];
    const whole = await of(video);
    for (const frame of frames) forward.push(await show(whole, frame, fit));
    for (const frame of [...shuffled(120), 119, 119, 0, 119])
      expect(await show(whole, frame, fit)).toEqual(forward[frame]);
  });

  test("going forward shows each frame once, also those that nobody asked for", async () => {
    const [video] = videos;
    const shown: number[] = [];
    const clip = await of(video!);
    const fresh = await openPictureReader();
    for (const frame of [0, 1, 2, 10, 200, 201, 230]) {
      // What was passed on the way, or right behind a frame that was asked for, is kept: nobody asks for it again.
      if (shown.includes(frame)) continue;
      const passing = (at: number) => shown.push(at);
      await fresh.frame({ clip, frame, fit: { height: 8, width: 8 }, passing, depth: null });
      shown.push(frame);
    }
    fresh.close();
    expect(shown.sort((one, other) => one - other)).toEqual(Array.from(shown.keys()));
    expect(shown.length).toBeGreaterThanOrEqual(231);
  });

  test.each(videos)(
    "$dataset: frames passed on the way and behind have the bits that they have when asked for",
    async (video) => {
      const clip = await of(video);
      const fit = { height: 32, width: 32 };
      const passed = new Map<number, Picture>();
      const passing = (at: number, picture: () => Picture) => passed.set(at, picture());
      const fresh = await openPictureReader();
      const last = video.length - 1;
      for (const frame of [last, 7, 40, 0, 13]) {
        const before = passed.size;
        const shown = await fresh.frame({ clip, frame, fit, passing, depth: null });
        expect(shown).toEqual(await show(clip, frame, fit));
        // Never more behind the frame than it took to come there.
        const behind = [...passed.keys()].slice(before).filter((at) => at > frame);
        expect(behind.length).toBeLessThanOrEqual(passed.size - before - behind.length + 1);
      }
      fresh.close();
      expect(passed.size).toBeGreaterThan(0);
      for (const [frame, picture] of passed) expect(picture).toEqual(await show(clip, frame, fit));
    },
  );

  test("a truncated video is an error that names file, episode and frame", async () => {
    const whole = await of(videos[1]!);
    const bytes = await readFile(whole.path);
    const cut = join(folder, "cut.mp4");
    await writeFile(cut, bytes.subarray(0, bytes.length / 2));
    const shown = show({ ...whole, path: cut, episode: 59 }, 12);
    await expect(shown).rejects.toThrow(InputError);
    await expect(shown).rejects.toThrow(/cut\.mp4: expected frame 12 of episode 59, got .*; the file may be truncated/);
    await expect(show({ ...whole, path: join(folder, "none.mp4") }, 0)).rejects.toThrow(
      /none\.mp4.*No such file[^;]*$/,
    );
  });

  test.each(videos)(
    "$dataset: damage inside a video is refused, and what it does not reach is shown",
    async (video) => {
      const whole = await of(video);
      const bytes = await readFile(whole.path);
      const middle = Math.floor(bytes.length / 2);
      bytes.fill(0xaa, middle, middle + 20_000);
      const path = join(folder, `damaged-${video.dataset}.mp4`);
      await writeFile(path, bytes);
      const fit = { height: 64, width: 64 };
      const passed = new Map<number, Picture>();
      const passing = (at: number, picture: () => Picture) => passed.set(at, picture());
      const fresh = await openPictureReader();
      let refused = 0;
      let wrong = 0;
      for (let frame = 0; frame < video.length; frame += 2) {
        const truth = await show(whole, frame, fit);
        const shown = await show({ ...whole, path }, frame, fit).catch((error: unknown) => error);
        if (shown instanceof InputError) refused++;
        else if (!isDeepStrictEqual(shown, truth)) wrong++;
      }
      for (let frame = 0; frame < video.length; frame += 5)
        await fresh.frame({ clip: { ...whole, path }, frame, fit, passing, depth: null }).catch(() => null);
      fresh.close();
      let wrongPassed = 0;
      for (const [frame, picture] of passed)
        if (!isDeepStrictEqual(picture, await show(whole, frame, fit))) wrongPassed++;
      expect(wrongPassed).toBeLessThanOrEqual(1);
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThan(video.length / 2 / 2);
      // AV1's entropy coding decodes any bytes to something: where only a frame's tail is damaged, no decoder can tell.
      expect(wrong).toBeLessThanOrEqual(1);
    },
  );
});

describe.skipIf(!hasLibav)("written videos (skipped where node-av is not installed)", () => {
  test("more videos than stay open are still read", async () => {
    const paths = Array.from({ length: 12 }, (_, at) => join(folder, `several-${at}.mp4`));
    for (const path of paths) await writeVideo(path, "mpeg4", 5);
    const clips = await Promise.all(paths.map(wholeClip));
    for (let round = 0; round < 3; round++)
      // Greys are 5 levels apart; coding and the narrow range of video move them by at most 2.
      for (const clip of clips)
        expect(Math.abs((await show(clip, round)).cells[0]! - grey(round))).toBeLessThanOrEqual(2);
  });

  test("PNG is exact, JPEG is close, anything else is refused", async () => {
    expect((await reader.still(await stillPicture("png", 77), large)).cells[100]).toBe(77);
    const jpeg = await reader.still(await stillPicture("jpeg", 77), large);
    expect(Math.abs(jpeg.cells[100]! - 77)).toBeLessThanOrEqual(2);
    await expect(reader.still(new TextEncoder().encode("GIF89a"), large)).rejects.toThrow("neither a PNG nor a JPEG");
    const cut = (await stillPicture("png", 77)).subarray(0, 90);
    await expect(reader.still(cut, large)).rejects.toThrow();
  });
});

describe("the size of a scaled picture", () => {
  test("keeps proportions, is never enlarged and has whole pixels", () => {
    expect(fittedSize(480, 640, { height: 224, width: 224 })).toEqual({ height: 168, width: 224 });
    expect(fittedSize(640, 480, { height: 224, width: 224 })).toEqual({ height: 224, width: 168 });
    expect(fittedSize(96, 96, { height: 224, width: 224 })).toEqual({ height: 96, width: 96 });
    expect(fittedSize(1000, 3, { height: 10, width: 10 })).toEqual({ height: 10, width: 1 });
    expect(() => fittedSize(0, 3, { height: 10, width: 10 })).toThrow(RangeError);
  });
});
