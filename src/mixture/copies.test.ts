import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dataset } from "../dataset/dataset.ts";
import { type FixtureColumn, writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound, embody, type Mapping } from "../embodiment/mapping.ts";
import { InputError } from "../input-error.ts";
import { copiedEpisodes, type InFolder, type RepeatedEpisodes } from "./copies.ts";
import { openMixture } from "./mixture.ts";
import { type EpisodeRows, recorded, withEpisodes } from "./testing/recorded.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

/** Opens folders below `root`, each under its own name, every fourth episode held out. */
async function open(folders: readonly string[], repeatedEpisodes?: RepeatedEpisodes): Promise<number> {
  const entries = folders.map((name) => ({
    name,
    source: { kind: "lerobot", location: join(root, name), taskAnnotation: "declared" } as const,
    episodes: "all" as const,
    mapping: { ...asFound, controlMode: "joint" },
    role: "both" as const,
    weight: 1,
    validationRatio: 0.25,
  }));
  const opened = await openMixture({
    seed: 5,
    views: [],
    windows: "every",
    entries,
    pictureMemoryBytes: 0,
    repeatedEpisodes,
  });
  await opened.close();
  return opened.mixture.members.length;
}

const write = async (name: string, lengths: readonly number[], action: (episode: number, frame: number) => number[]) =>
  await writeV2(join(root, name), lengths, {}, (episode): FixtureColumn[] => {
    const values = Array.from({ length: lengths[episode]! }, (_, frame) => action(episode, frame));
    return [{ name: "action", kind: "floats", values }];
  });

describe("episodes that lie in two folders", () => {
  it("are refused where a folder was copied, with both folders, and allowed where the recipe says so", async () => {
    await write("first", [4, 5, 6], (episode, frame) => [frame, episode]);
    await cp(join(root, "first"), join(root, "second"), { recursive: true });
    const problem = open(["first", "second"]);
    await expect(problem).rejects.toThrow(
      /datasets "first" and "second": .* got 3 episodes in both, first episode 0 of/,
    );
    await expect(problem).rejects.toThrow(
      `0 of ${join(root, "first")} as episode 0 of ${join(root, "second")}, and what one holds out the other would train on`,
    );
    await expect(problem).rejects.toThrow('data.repeatedEpisodes: "allow"');
    expect(await open(["first", "second"], "allow")).toBe(2);
  });

  it("are found under other numbers, where datasets were merged", async () => {
    await write("own", [4, 5], (episode, frame) => [frame, 10 + episode]);
    await write("merged", [5, 4, 5], (episode, frame) => [frame, episode === 2 ? 11 : episode]);
    await expect(open(["own", "merged"])).rejects.toThrow(
      /got 1 episodes in both, first episode 1 of .*own as episode 2 of/,
    );
  });

  it("are found within one folder, where a dataset was merged with itself, with the numbers to leave out", async () => {
    // Episodes 3 and 4 are 0 and 1 again; 2 is as long as 1 and another one.
    const same = [0, 1, 2, 0, 1];
    await write("doubled", [4, 5, 5, 4, 5], (episode, frame) => [frame, same[episode]!]);
    const problem = open(["doubled"]);
    await expect(problem).rejects.toThrow(
      /dataset "doubled": .* got the numbers of 2 again under another index, first episode 0 as episode 3/,
    );
    await expect(problem).rejects.toThrow("leave the copies out by episodes: { allBut: [3, 4] }");
    expect(await open(["doubled"], "allow")).toBe(1);
  });

  it("are not those that only last as long, or differ in their last row, or in which nothing moves", async () => {
    await write("still", [4, 5], (episode, frame) => (episode === 0 ? [1, 1] : [frame, 1]));
    await write("other", [4, 5], (episode, frame) => (episode === 0 ? [1, 1] : [frame === 4 ? 9 : frame, 1]));
    expect(await open(["still", "other"])).toBe(2);
  });
});

/** A dataset in folder `/NAME`, and which of its episodes are read. */
function inFolder(
  name: string,
  columns: Readonly<Record<string, EpisodeRows>>,
  { framesPerSecond = 10, ...changes }: Partial<Mapping> & { readonly framesPerSecond?: number } = {},
): InFolder & { readonly reads: readonly number[] } {
  const { dataset, reads } = recorded(name, columns, framesPerSecond);
  const embodiment = embody({ ...asFound, controlMode: "joint", ...changes }, dataset, []);
  return { name, folder: `/${name}`, dataset, embodiment, reads };
}
/** One entry that counts the frames: episodes of one length are the same. */
const counting = (...lengths: readonly number[]): EpisodeRows =>
  lengths.map((length) => Array.from({ length }, (_, frame) => [frame]));
const twice = (one: string, other: string, what: string) =>
  `datasets "${one}" and "${other}": expected different data, got ${what}, and what one holds out the other would train on; ` +
  'list them once, or say data.repeatedEpisodes: "allow"';

describe("episodes that two datasets hold", () => {
  it("are told once for each two of the datasets, and read once", async () => {
    const three = ["a", "b", "c"].map((name) => inFolder(name, { action: counting(4) }));
    expect(await copiedEpisodes(three)).toEqual([
      twice("a", "b", "1 episodes in both, first episode 0 of /a as episode 0 of /b"),
      twice("a", "c", "1 episodes in both, first episode 0 of /a as episode 0 of /c"),
      twice("b", "c", "1 episodes in both, first episode 0 of /b as episode 0 of /c"),
    ]);
    expect(three.map(({ reads }) => reads)).toEqual([[0], [0], [0]]);
  });

  it("are no copies where both are one folder, or go by one name", async () => {
    const [a, b] = [inFolder("a", { action: counting(4) }), inFolder("b", { action: counting(4) })];
    expect(await copiedEpisodes([a, { ...b, folder: "/a" }])).toEqual([]);
    expect(await copiedEpisodes([a, { ...b, name: "a" }])).toEqual([]);
  });

  it("are looked for among those that last as long as one of the other, and no others are read", async () => {
    const [a, b] = [inFolder("a", { action: counting(2, 3) }), inFolder("b", { action: counting(3, 4, 5) })];
    expect(await copiedEpisodes([a, b])).toEqual([
      twice("a", "b", "1 episodes in both, first episode 1 of /a as episode 0 of /b"),
    ]);
    expect([a.reads, b.reads]).toEqual([[1], [0]]);
    expect(await copiedEpisodes([a, inFolder("c", { action: counting(6) })])).toEqual([]);
  });

  it("are named by the first number that they have in the other", async () => {
    // Beside the two copies within "b", which are told as well.
    const [within, across, ...others] = await copiedEpisodes([
      inFolder("a", { action: counting(4) }),
      inFolder("b", { action: counting(3, 4, 4) }),
    ]);
    expect(within).toMatch(/^dataset "b": .* first episode 1 as episode 2,/);
    expect(across).toBe(twice("a", "b", "1 episodes in both, first episode 0 of /a as episode 1 of /b"));
    expect(others).toEqual([]);
  });
});

describe("the columns by which episodes are compared", () => {
  const action = counting(3);
  const still: EpisodeRows = [[[7], [7], [7]]];

  it("are those that both read, whatever else lies in a table", async () => {
    const both = inFolder("both", { action, "observation.state": still });
    // The other state is as wide and has other numbers; its dataset has the column, and nothing reads it.
    const unread = inFolder("unread", { action, "observation.state": counting(3) }, { state: [] });
    const found = "1 episodes in both, first episode 0 of";
    expect(await copiedEpisodes([both, unread])).toEqual([
      twice("both", "unread", `${found} /both as episode 0 of /unread`),
    ]);
    expect(await copiedEpisodes([unread, both])).toEqual([
      twice("unread", "both", `${found} /unread as episode 0 of /both`),
    ]);
    const without = inFolder("without", { action });
    expect(await copiedEpisodes([both, without])).toEqual([
      twice("both", "without", `${found} /both as episode 0 of /without`),
    ]);
  });

  it("are those that are as wide in both: the state alone where the actions are not", async () => {
    const narrow = inFolder("narrow", { action, "observation.state": counting(3) });
    const wide = inFolder("wide", {
      action: [
        [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
      ],
      "observation.state": counting(3),
    });
    expect(await copiedEpisodes([narrow, wide])).toHaveLength(1);
    const otherState = inFolder("other", {
      action: [
        [
          [0, 0],
          [1, 0],
          [2, 0],
        ],
      ],
      "observation.state": still,
    });
    expect(await copiedEpisodes([narrow, otherState])).toEqual([]);
  });

  it("differ in an action or a state: both are compared, and one of them that moves is enough", async () => {
    const columns = (state: EpisodeRows) => ({ action: still, "observation.state": state });
    const [a, b] = [inFolder("a", columns(counting(3))), inFolder("b", columns(counting(3)))];
    expect(await copiedEpisodes([a, b])).toHaveLength(1);
    expect(await copiedEpisodes([a, inFolder("c", columns([[[0], [1], [3]]]))])).toEqual([]);
    expect(await copiedEpisodes([a, inFolder("d", { ...columns(counting(3)), action: [[[8], [8], [8]]] })])).toEqual(
      [],
    );
  });

  it("are none where frames are other times, and where nothing is read of either", async () => {
    expect(
      await copiedEpisodes([inFolder("a", { action }), inFolder("b", { action }, { framesPerSecond: 20 })]),
    ).toEqual([]);
    const questions = ["a", "b"].map((name) =>
      inFolder(name, { action: counting(3, 3) }, { target: "none", state: [] }),
    );
    expect(await copiedEpisodes(questions)).toEqual([]);
    expect(questions.map(({ reads }) => reads)).toEqual([[], []]);
  });
});

describe("episodes that a dataset holds twice", () => {
  it("are listed by ascending number, and those of a length of their own are not read", async () => {
    const one = inFolder("a", { action: counting(4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 4) });
    expect(await copiedEpisodes([one])).toEqual([
      'dataset "a": expected each episode once, got the numbers of 2 again under another index, first episode 0 as episode 10, ' +
        "and what one holds out the other would train on; leave the copies out by episodes: { allBut: [2, 10] }, " +
        'or say data.repeatedEpisodes: "allow"',
    ]);
    expect(one.reads).toEqual([0, 10, 1, 2]);
  });

  it("are found in every entry that reads of a folder", async () => {
    const { dataset, ...rest } = inFolder("a", { action: counting(4, 4, 5, 6) });
    const part = (...indices: readonly number[]) => ({ ...rest, dataset: withEpisodes(dataset, indices) });
    const found = [expect.stringMatching(/^dataset "a": .* first episode 0 as episode 1,/)];
    expect(await copiedEpisodes([part(0, 1), part(2, 3)])).toEqual(found);
    expect(await copiedEpisodes([part(2, 3), part(0, 1)])).toEqual(found);
  });

  it("are none where nothing moves: each entry stays where it is", async () => {
    const rest = [
      [1, 2],
      [1, 2],
      [1, 2],
    ];
    const [a, b] = [inFolder("a", { action: [rest, rest] }), inFolder("b", { action: [rest] })];
    expect(await copiedEpisodes([a, b])).toEqual([]);
    expect([a.reads, b.reads]).toEqual([[0, 1], [0]]);
  });

  it("cannot be told where rows are not to be read; any other failure is no matter of the data", async () => {
    const { dataset, ...rest } = inFolder("a", { action: counting(4, 4) });
    const failing = (error: Error) => {
      const table: Dataset["table"] = () => Promise.reject(error);
      return copiedEpisodes([{ ...rest, dataset: { ...dataset, table } }]);
    };
    expect(await failing(new InputError("a row too many"))).toEqual([]);
    await expect(failing(new RangeError("out of memory"))).rejects.toThrow("out of memory");
  });
});
