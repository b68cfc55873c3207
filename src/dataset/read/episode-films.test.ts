import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { evenFilm, numberOf, turnFilm, writeFilm } from "../testing/film.ts";
import { EpisodeFilms } from "./episode-films.ts";
import type { EpisodeRecord, VideoPart } from "./episode-record.ts";
import { openPictureReader } from "./video.ts";

const hasLibav = (await loadLibav()) !== null;
const camera = "observation.images.front";
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

function record(index: number, length: number, part: VideoPart): EpisodeRecord {
  const table = { path: "rows.parquet", firstRow: 0, isWhole: true, listedRows: length };
  return {
    index,
    length,
    place: "",
    tasks: null,
    values: new Map(),
    table,
    videos: new Map([[camera, part]]),
    problems: [],
  };
}

/** Episodes at 10 rows a second; their timestamps begin at `firstRow` of each. */
function filmsOf(records: readonly EpisodeRecord[], firstRow: (episode: number) => number) {
  const timestamps = async ({ index, length }: EpisodeRecord) =>
    Float64Array.from({ length }, (_, row) => Math.fround((firstRow(index) + row) / 10));
  return new EpisodeFilms({ root, records, framesPerSecond: 10, timestamps });
}

const check = (records: readonly EpisodeRecord[], firstRow = 0) =>
  filmsOf(records, () => firstRow).check(camera, records);

/** The numbers that the rows of an episode show. */
async function shown(records: readonly EpisodeRecord[], episode: number, firstRow: (episode: number) => number) {
  const one = records.find(({ index }) => index === episode)!;
  const clip = await filmsOf(records, firstRow).clip(camera, one, one.videos.get(camera)!);
  const reader = await openPictureReader();
  const numbers: number[] = [];
  for (let frame = 0; frame < one.length; frame++)
    numbers.push(
      numberOf(await reader.frame({ clip, frame, fit: { height: 64, width: 96 }, passing: null, depth: null })),
    );
  reader.close();
  return numbers;
}

const counting = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe.skipIf(!hasLibav)("films and rows (written with node-av)", () => {
  test("of several episodes in one film that drifts show the pictures in order, and it is said", async () => {
    await writeFilm(join(root, "many.mp4"), evenFilm(40, 10));
    const records = [0, 1, 2, 3].map((index) => record(index, 10, { path: "many.mp4", from: index * 1.03, to: null }));
    for (const index of [0, 1, 2, 3])
      expect(await shown(records, index, () => 0)).toEqual(counting(10 * index, 10 * index + 10));
    const { problems, notes } = await check(records);
    expect(problems).toEqual([]);
    // Three hundredths of a second too late an episode: from the second on more than a quarter of a frame.
    expect(notes.map(({ code, path, message }) => [code, path, message.split(" have ")[0]])).toEqual([
      ["from-timestamp-drifts", camera, "episodes 1–3"],
    ]);
  });

  test("whose first rows are gone show the picture at each row's time, which is said once", async () => {
    const records = [0, 1].map((index) => record(index, 20, { path: `${index}.mp4`, from: 0, to: null }));
    for (const { index } of records) await writeFilm(join(root, `${index}.mp4`), evenFilm(30, 10));
    expect(await shown(records, 1, () => 10)).toEqual(counting(10, 30));
    const { problems, notes } = await check(records, 10);
    expect(problems).toEqual([]);
    expect(notes.map(({ code, message }) => [code, message.split(" have ")[0]])).toEqual([
      ["pictures-by-time", "episodes 0–1"],
    ]);
  });

  test("of another rate and the same number are taken in order, and it is said", async () => {
    await writeFilm(join(root, "0.mp4"), evenFilm(20, 12));
    const records = [record(0, 20, { path: "0.mp4", from: 0, to: null })];
    expect(await shown(records, 0, () => 0)).toEqual(counting(0, 20));
    const { problems, notes } = await check(records);
    expect([problems.length, notes.map(({ code }) => code)]).toEqual([0, ["other-film-rate"]]);
    expect(notes[0]!.message).toContain("film 12.00/s, info.json 10/s");
  });

  test("that are to be shown turned are upright, and it is said", async () => {
    await writeFilm(join(root, "0.mp4"), evenFilm(10, 10));
    await turnFilm(join(root, "0.mp4"), 1);
    const { problems, notes } = await check([record(0, 10, { path: "0.mp4", from: 0, to: null })]);
    expect([problems.length, notes.map(({ code }) => code)]).toEqual([0, ["turned-film"]]);
  });

  test("that differ are a problem of each episode, that are damaged one of the file", async () => {
    await writeFilm(join(root, "short.mp4"), evenFilm(19, 10));
    await writeFilm(join(root, "cut.mp4"), evenFilm(40, 10));
    await truncate(join(root, "cut.mp4"), 1500);
    const records = [
      record(0, 20, { path: "short.mp4", from: 0, to: null }),
      record(1, 10, { path: "cut.mp4", from: 0, to: 1 }),
      record(2, 10, { path: "cut.mp4", from: 1, to: 2 }),
      record(3, 10, { path: "none.mp4", from: 0, to: null }),
    ];
    const { problems, refused } = await check(records);
    expect([...refused]).toEqual([0, 1, 2, 3]);
    expect(problems.map(({ code, path, message }) => `${code} ${path}: ${message}`)).toEqual([
      expect.stringMatching(
        /^mismatched-video short\.mp4: expected a picture for each of the 20 rows of episode 0, got 19 pictures and none at 1\.900 s/,
      ),
      expect.stringMatching(
        /^unreadable-video cut\.mp4: expected the video of episode 1, got a file .*: fetch it again, or leave the episode out/,
      ),
      "unreadable-video none.mp4: expected the video of episode 3, got no such file",
    ]);
    await expect(shown(records, 0, () => 0)).rejects.toThrow(/short\.mp4: expected a picture for each of the 20 rows/);
  });
});
