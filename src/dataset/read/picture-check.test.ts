import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { evenFilm, writeFilm } from "../testing/film.ts";
import { writeV2 } from "../testing/small-dataset.ts";
import { inspectDataset } from "./validate.ts";

const hasLibav = (await loadLibav()) !== null;
const camera = "observation.images.top";
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  await writeV2(root, [10, 10, 10], { [camera]: { dtype: "video", shape: [64, 96, 3], names: null } }, () => []);
});
afterEach(async () => await rm(root, { recursive: true }));

const film = (episode: number) => join(root, `videos/chunk-000/${camera}/episode_00000${episode}.mp4`);
const inspect = (decoded: "ends" | "all") => inspectDataset(root, "toy", () => {}, decoded);

describe.skipIf(!hasLibav)("pictures, looked at (written with node-av)", () => {
  test("are as many as rows in each episode: a film that is one short is a problem, one that is longer is said", async () => {
    for (const episode of [0, 1, 2]) await writeFilm(film(episode), evenFilm(9 + episode, 10));
    const { problems, notes, pictures } = await inspect("ends");
    expect(problems.map(({ code, path }) => [code, path.slice(-18)])).toEqual([
      ["mismatched-video", "episode_000000.mp4"],
    ]);
    expect(notes.map(({ code, message }) => [code, message.slice(0, 10)])).toEqual([
      ["pictures-by-time", "episodes 2"],
    ]);
    expect(pictures).toEqual({ decoded: 4, here: 30 });
  });

  test("that are damaged inside a film show where all of them are decoded, and what was not is counted", async () => {
    for (const episode of [0, 1, 2]) await writeFilm(film(episode), { ...evenFilm(10, 10), keyframeEvery: 1 });
    expect(await inspect("all")).toMatchObject({ problems: [], pictures: { decoded: 30, here: 30 } });
    const bytes = await readFile(film(1));
    // Sizes of the pictures, which stand in the file one after the other, each behind 4 bytes of its own length.
    const sizes = bytes.lastIndexOf("stsz") + 4;
    const size = (picture: number) => bytes.readUInt32BE(sizes + 12 + 4 * picture);
    const fifth = bytes.indexOf("mdat") + 4 + [0, 1, 2, 3, 4].reduce((sum, picture) => sum + size(picture), 0);
    bytes.fill(0xaa, fifth + 8, fifth + size(5));
    await writeFile(film(1), bytes);
    expect(await inspect("ends")).toMatchObject({ problems: [], pictures: { decoded: 6, here: 30 } });
    const { problems, pictures } = await inspect("all");
    expect(problems.map(({ code }) => code)).toEqual(["unreadable-video"]);
    expect(problems[0]!.message).toMatch(/expected frame 5 of episode 1, got/);
    expect(pictures).toEqual({ decoded: 25, here: 30 });
  });
});
