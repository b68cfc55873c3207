import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scoreOf } from "../serving/roll-out.ts";
import { playedOf } from "./roll-out-robots.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-played-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("each film is told with the outcome of its own episode", async () => {
  const rollouts = [false, true, false, true].map((isSuccess, episode) => {
    return { episode, isSuccess, steps: isSuccess ? 20 : 60, digest: "" };
  });
  const films = await Promise.all(
    [0, 1, 2].map(async (episode) => {
      const path = join(folder, `${episode}.mp4`);
      await writeFile(path, Uint8Array.of(7, episode));
      return path;
    }),
  );
  const played = await playedOf({ rollouts, successes: 2, score: scoreOf(rollouts), films });
  expect([played.successes, played.score.successRate, played.score.meanSteps]).toEqual([2, 0.5, 40]);
  expect(played.films.map(({ episode, isSuccess, mp4 }) => [episode, isSuccess, [...mp4]])).toEqual([
    [0, false, [7, 0]],
    [1, true, [7, 1]],
    [2, false, [7, 2]],
  ]);
  await expect(playedOf({ rollouts: [], successes: 0, score: null, films: [] })).rejects.toThrow("expected rollouts");
});
