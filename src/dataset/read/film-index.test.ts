import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { evenFilm, putInBox, turnFilm, writeFilm } from "../testing/film.ts";
import { nearestPicture, readFilmIndex } from "./film-index.ts";

const hasLibav = (await loadLibav()) !== null;
let path = "";
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
  path = join(folder, "film.mp4");
});
afterEach(async () => await rm(folder, { recursive: true }));

describe.skipIf(!hasLibav)("a film as its file says it (written with node-av)", () => {
  test("has its pictures' times from the first on, in the order in which they are shown", async () => {
    const ticks = [100, 133, 170, 290, 300, 1000];
    await writeFilm(path, { ...evenFilm(6, 30), timescale: 1000, ticks, bFrames: 3 });
    const film = await readFilmIndex(path);
    expect([...film.times].map((time) => Math.round(time * 1000))).toEqual([0, 33, 70, 190, 200, 900]);
    expect(film.gap).toBeCloseTo(0.01, 9);
    // 5 steps in 0.9 s.
    expect(film.rate).toBeCloseTo(5 / 0.9, 9);
    expect(film.ahead).toBeGreaterThan(0);
    expect(film.quarterTurns).toBe(0);
  });

  test("has as many as are shown: of one that ends at its last picture's beginning, one less", async () => {
    await writeFilm(path, evenFilm(30, 10));
    await putInBox(path, "elst", (content) => content.writeUInt32BE(29 * 512, 8));
    expect((await readFilmIndex(path)).times.length).toBe(29);
    await putInBox(path, "elst", (content) => content.writeUInt32BE(0, 8));
    await expect(readFilmIndex(path)).rejects.toThrow("a film without pictures");
  });

  test("is turned as its matrices say", async () => {
    await writeFilm(path, evenFilm(3, 10));
    for (const turns of [1, 2, 3, 0] as const) {
      await turnFilm(path, turns);
      expect((await readFilmIndex(path)).quarterTurns).toBe(turns);
    }
    await putInBox(path, "mvhd", (content) => {
      for (const [at, value] of [0, 1, 0, -1, 0].entries()) content.writeInt32BE(value * 0x10000, 36 + 4 * at);
    });
    expect((await readFilmIndex(path)).quarterTurns).toBe(1);
    await turnFilm(path, 3);
    expect((await readFilmIndex(path)).quarterTurns).toBe(0);
  });

  test("is refused where decoders or people would see different things in it", async () => {
    const refusal = async (kind: string, put: (content: Buffer) => void) => {
      await writeFilm(path, evenFilm(30, 10));
      await putInBox(path, kind, put);
      return await readFilmIndex(path).then(() => "read", String);
    };
    expect(await refusal("tkhd", (content) => content.writeInt32BE(-0x10000, 40))).toContain("mirrored");
    expect(await refusal("elst", (content) => content.writeInt32BE(0x8000, 16))).toContain("0.5 times its speed");
    expect(await refusal("stts", (content) => content.writeInt32BE(0, 12))).toContain("two pictures at one time");
    expect(await refusal("stts", (content) => content.writeInt32BE(9999, 4))).toContain("tables are damaged");
  });

  test("is refused where it is put together of several parts, or is none", async () => {
    await writeFilm(path, { ...evenFilm(30, 10), ticks: [512, 1024, 1536] });
    expect((await readFilmIndex(path)).times.length).toBe(3);
    // What the film begins late by is an edit that shows nothing: as one that shows something there are two.
    await putInBox(path, "elst", (content) => content.writeInt32BE(0, 12));
    await expect(readFilmIndex(path)).rejects.toThrow("a film of 2 edits");
    const overwrite = async (old: string, by: string) => {
      await writeFilm(path, evenFilm(3, 10));
      const bytes = await readFile(path);
      bytes.write(by, bytes.lastIndexOf(old));
      await writeFile(path, bytes);
    };
    // A box that readers pass over becomes the one that says that fragments follow.
    await overwrite("udta", "mvex");
    await expect(readFilmIndex(path)).rejects.toThrow(/in fragments.*-c copy/);
    await overwrite("vide", "soun");
    await expect(readFilmIndex(path)).rejects.toThrow("a file without a video");
  });
});

test("the nearest picture is the earlier of two as near, the first before all and the last after them", () => {
  const film = { times: Float64Array.of(0, 1, 3) };
  expect([-5, 0.4, 0.5, 0.6, 2, 2.1, 9].map((seconds) => nearestPicture(film, seconds))).toEqual([0, 0, 0, 1, 1, 2, 2]);
});
