import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { loadLibav } from "../dataset/libav.ts";
import { evenFilm, writeFilm } from "../dataset/testing/film.ts";
import { type FixtureColumn, writeJson, writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound, type Mapping } from "../embodiment/mapping.ts";
import { InputError } from "../input-error.ts";
import { openMixture } from "../mixture/mixture.ts";
import { checkSamples, type SampleCheckOptions } from "./sample-check.ts";

const hasLibav = (await loadLibav()) !== null;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

/** Checks the samples of two toy datasets of two episodes; the prompt of both is "wave", which makes 5 tokens. */
async function problem(
  changes: Partial<SampleCheckOptions["layout"]>,
  mapping: Partial<Mapping>,
): Promise<string | null> {
  const entries = ["one", "other"].map((name) => ({
    name,
    source: { kind: "lerobot", location: join(folder, name), taskAnnotation: "declared" } as const,
    episodes: "all" as const,
    mapping: { ...asFound, controlMode: "ee", cameras: {}, ...mapping },
    role: "both" as const,
    weight: null,
    validationRatio: 0.5,
  }));
  const open = await openMixture({
    seed: 1,
    views: ["base"],
    windows: "every",
    entries,
    pictureMemoryBytes: 0,
    repeatedEpisodes: "allow",
  });
  const layout = { actionWidth: 2, stateWidth: 0, tokens: 5, responseTokens: 0, ...changes };
  const cache = join(folder, "cache");
  try {
    await checkSamples(open, {
      layout,
      tokenizer: byteTokenizer,
      prompt: "task",
      longPrompt: "refuse",
      cache,
    });
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error instanceof Error ? error.message : "";
  } finally {
    await open.close();
  }
}

async function write(name: string, columns: (episode: number) => readonly FixtureColumn[]): Promise<void> {
  await writeV2(join(folder, name), [3, 3], {}, columns);
}

const entries = () => readdir(join(folder, "cache")).catch(() => []);

describe("the check of samples", () => {
  it.skipIf(!hasLibav)(
    "refuses a film that is a picture short before any is asked for, of the cameras that are seen",
    async () => {
      const camera = "observation.images.top";
      for (const name of ["one", "other"]) {
        const feature = { [camera]: { dtype: "video", shape: [64, 96, 3], names: null } };
        await writeV2(join(folder, name), [3, 3], feature, () => []);
        const films = join(folder, name, `videos/chunk-000/${camera}`);
        for (const episode of [0, 1])
          await writeFilm(
            join(films, `episode_00000${episode}.mp4`),
            evenFilm(name === "one" && episode === 1 ? 2 : 3, 10),
          );
      }
      expect(await problem({}, {})).toBeNull();
      expect(await problem({}, { cameras: { base: camera } })).toMatch(
        /^dataset "one": videos.*episode_000001\.mp4: expected a picture for each of the 3 rows of episode 1, got 2 pictures[^"]*$/,
      );
    },
  );

  it("finds nothing wrong with what is right, and remembers it", async () => {
    await write("one", () => []);
    await write("other", () => []);
    expect(await problem({}, {})).toBeNull();
    const kept = await entries();
    expect(kept).toHaveLength(2);
    expect(await problem({}, {})).toBeNull();
    expect(await entries()).toEqual(kept);
  });

  it("knows from memory what it has read of the same files, and of no others", async () => {
    await write("one", () => []);
    await write("other", () => []);
    expect(await problem({}, {})).toBeNull();
    const files = (await entries()).map((name) => join(folder, "cache", name));
    const change = async (from: string | RegExp, to: string) => {
      for (const file of files) await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
    };
    await change('"wave"', '"wave twice"');
    expect(await problem({}, {})).toContain('expected a prompt of at most 5 tokens, got 11: "wave twice"');
    await change(/"key":"[^"]/, '"key":"#');
    expect(await problem({}, {})).toBeNull();
  });

  it("names every row that is no number, held out or not, with dataset, episode and frame, and remembers none of it", async () => {
    const nonFinite =
      (value: number) =>
      (episode: number): FixtureColumn[] => [
        { name: "action", kind: "floats", values: [0, 1, 2].map((frame) => [frame === episode + 1 ? value : 0, 1]) },
      ];
    await write("one", nonFinite(Number.NaN));
    await write("other", (episode) => (episode === 0 ? [] : nonFinite(Number.POSITIVE_INFINITY)(1)));
    const at = (name: string, episode: number, frame: number, got: string) =>
      `dataset "${name}": data/chunk-000/episode_00000${episode}.parquet column "action": ` +
      `expected a finite number at frame ${frame} of episode ${episode}, entry 0, got ${got}`;
    for (const again of [1, 2])
      expect(await problem({}, {}), `time ${again}`).toBe(
        [at("one", 0, 1, "NaN"), at("one", 1, 2, "NaN"), at("other", 1, 2, "Infinity")].join("; "),
      );
    expect(await entries()).toEqual([]);
  });

  it("names the first frame of a prompt that is too long, though its rows have been looked through before", async () => {
    await write("one", () => []);
    await write("other", () => []);
    expect(await problem({ tokens: 9 }, {})).toBeNull();
    expect(await problem({ tokens: 4 }, {})).toContain(
      'dataset "other" episode 0 frame 0: expected a prompt of at most 4 tokens, got 5: "wave"',
    );
    expect(await problem({}, { prompt: { kind: "fixed", text: "wave twice" } })).toContain('got 11: "wave twice"');
  });

  it("names a frame without an instruction", async () => {
    await write("one", () => []);
    await write("other", () => []);
    await writeJson(join(folder, "other/meta/modality.json"), { annotation: { "human.task_description": {} } });
    expect(await problem({}, {})).toMatch(/column "annotation\.human\.task_description": expected instructions/);
  });

  it("refuses robots that are wider than the policy before it reads a row", async () => {
    await write("one", () => []);
    await write("other", () => []);
    expect(await problem({ actionWidth: 1 }, {})).toBe(
      "one / ee: action slots: the policy has 1, this needs 2; other / ee: action slots: the policy has 1, this needs 2; " +
        "widen policy.actionWidth or policy.stateWidth",
    );
    expect(await entries()).toEqual([]);
  });

  it("counts problems where there are many", async () => {
    const nonFinite = () => [{ name: "action", kind: "floats", values: [0, 1, 2].map(() => [Number.NaN, 1]) } as const];
    await writeV2(join(folder, "one"), [3, 3, 3, 3], {}, nonFinite);
    await writeV2(join(folder, "other"), [3, 3, 3], {}, nonFinite);
    const said = await problem({}, {});
    expect(said).toMatch(/entry 0, got NaN; and 2 more$/);
    expect(said!.split("expected a finite number")).toHaveLength(1 + 5);
    await writeV2(join(folder, "one"), [3, 3], {}, nonFinite);
    // Five are all named, and no more is said of them.
    expect(await problem({}, {})).toMatch(/frame 0 of episode 2, entry 0, got NaN$/);
  });
});
