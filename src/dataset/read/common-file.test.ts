import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { everything } from "../testing/real-data.ts";
import { info, plainColumns, plainFeatures, writeJson, writeTable, writeV2 } from "../testing/small-dataset.ts";
import { unchanged, writeV3 } from "../testing/small-v3.ts";
import { openDataset } from "./open.ts";
import { inspectDataset } from "./validate.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const open = () => openDataset(root, everything("toy"));
const file = (path: string) => join(root, path);

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(file(path), change(await readFile(file(path), "utf8")));
}

describe("files that other programs write", () => {
  test("name the instruction's column in modality.json by its original key", async () => {
    await writeV2(root, [2], {}, () => []);
    const annotation = { "human.task_description": { original_key: "task_index" }, "human.validity": {} };
    await writeJson(file("meta/modality.json"), { annotation });
    const toy = await open();
    expect([toy.taskColumn, (await toy.table(0)).tasks]).toEqual(["task_index", ["wave", "wave"]]);
  });

  test("name parts of vectors and cameras in modality.json; an entry that is none is said, and rows are read all the same", async () => {
    await writeV2(root, [2], {}, () => []);
    await writeJson(file("meta/modality.json"), {
      action: { arm: { start: 0, end: 1 }, grip: { start: 1, end: 2, original_key: "actions" }, leg: { start: "a" } },
      state: { arm: { start: 0, end: 2 } },
      video: { front: {}, side: { original_key: "cam_2" } },
    });
    const toy = await open();
    expect(toy.modality.action).toEqual([
      { part: "arm", key: "action", start: 0, end: 1 },
      { part: "grip", key: "actions", start: 1, end: 2 },
    ]);
    expect(toy.modality.state).toEqual([{ part: "arm", key: "observation.state", start: 0, end: 2 }]);
    expect(toy.modality.videos).toEqual([
      { name: "front", key: "observation.images.front" },
      { name: "side", key: "cam_2" },
    ]);
    expect(toy.problems.map(({ path }) => path)).toEqual(["meta/modality.json action.leg"]);
    expect([...(await toy.table(0)).vector("action").cells]).toEqual([0, 0, 1, 0]);
  });

  test("have byte order marks, and NaN where a number is not known", async () => {
    await writeV2(root, [2], {}, () => []);
    await edit("meta/info.json", (text) => `\ufeff${text.replace("{", '{"splits": {"loss": NaN}, ')}`);
    await edit("meta/episodes.jsonl", (text) => `\ufeff${text.replace("}", ', "success": NaN}')}`);
    await edit("meta/tasks.jsonl", (text) => `\ufeff${text}`);
    expect((await (await open()).table(0)).tasks).toEqual(["wave", "wave"]);
  });

  test("of v2.1 call a folder's number chunk_index", async () => {
    await writeV2(root, [2], {}, () => []);
    await edit("meta/info.json", (text) => text.replaceAll("{episode_chunk", "{chunk_index"));
    expect((await (await open()).table(0)).length).toBe(2);
  });

  test("of Windows separate the folders of a template by its own character", async () => {
    await writeV2(root, [3, 4], {}, () => []);
    await edit("meta/info.json", (text) => text.replaceAll(/(?<=_path":"[^"]*)\//g, "\\\\"));
    const toy = await openDataset(root, everything("toy"));
    // The second entry of the action is the episode.
    expect([...(await toy.table(1)).vector("action").cells.slice(0, 4)]).toEqual([0, 1, 1, 1]);
  });

  test("of v3.0 have no chunks_size; those of v2.1 need it", async () => {
    const withoutSize = async () => {
      const { chunks_size: _, ...rest } = JSON.parse(await readFile(file("meta/info.json"), "utf8"));
      await writeJson(file("meta/info.json"), rest);
    };
    await writeV3(root, [2], {}, unchanged);
    await withoutSize();
    expect((await (await open()).table(0)).length).toBe(2);
    await rm(file("meta"), { recursive: true });
    await writeV2(root, [2], {}, () => []);
    await withoutSize();
    await expect(open()).rejects.toThrow("meta/info.json chunks_size: expected the number of episodes in a folder");
  });

  test("repeat names, which are numbered, past those that are taken, and said to be", async () => {
    const action = { dtype: "float32", shape: [5], names: ["gripper", "elbow", "gripper", "gripper_1", "gripper"] };
    const values = [0, 1].map((frame) => [frame, 0, 0, 0, 0]);
    await writeV2(root, [2], { action }, () => [{ name: "action", kind: "floats", values }]);
    const toy = await open();
    expect(toy.features.get("action")!.names).toEqual(["gripper_2", "elbow", "gripper_3", "gripper_1", "gripper_4"]);
    expect(toy.notes).toEqual([
      {
        code: "repeated-names",
        path: 'column "action"',
        message: "names that occur more than once are numbered: gripper_2, gripper_3, gripper_4",
      },
    ]);
  });

  test("give the place of each name, in any order", async () => {
    const names = { x: 1, gripper: 2, y: 0 };
    const column = { name: "action", kind: "floats", values: [0, 1, 2].map((frame) => [frame, 0, 1]) } as const;
    await writeV2(root, [3], { action: { dtype: "float32", shape: [3], names } }, () => [column]);
    const toy = await openDataset(root, everything("toy"));
    expect(toy.features.get("action")?.names).toEqual(["y", "x", "gripper"]);
  });

  test("state a version as Python compares it", async () => {
    for (const stated of ['"2.1"', '"v2.1.0"', "2.1"]) {
      await writeV2(root, [3], {}, () => []);
      await edit("meta/info.json", (text) => text.replace('"v2.1"', stated));
      expect((await openDataset(root, everything("toy"))).version, stated).toBe("v2.1");
    }
  });

  test("hold pictures as numbers, or in tables beside a declared video, which is said", async () => {
    const camera = (dtype: string) => ({ dtype, shape: [6, 8, 3], names: null });
    const features = { "images.raw": camera("uint8"), "images.top": camera("video") };
    const values = [0, 1, 2].map(() => Array.from({ length: 144 }, () => 7));
    await writeV2(root, [3], features, () => [
      { name: "images.raw", kind: "floats", values },
      { name: "images.top", kind: "bytes", values: [0, 1, 2].map((frame) => Uint8Array.of(frame)) },
    ]);
    const toy = await openDataset(root, everything("toy"));
    expect(toy.cameras).toEqual([]);
    expect(toy.notes.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'pixels-as-numbers column "images.raw"',
      'undeclared-column column "images.top"',
    ]);
  });

  test("lack the column of pictures that they declare, which is said with the dtype of films", async () => {
    await writeV2(root, [3], { "images.top": { dtype: "image", shape: [6, 8, 3], names: null } }, () => []);
    const toy = await openDataset(root, everything("toy"));
    await expect(toy.picture("images.top", 0, 0, { height: 8, width: 8 })).rejects.toThrow(
      /column "images.top": expected a PNG or JPEG .*, got no such column; where films show it, declare its dtype as "video"/,
    );
  });

  test("have names that are not as many as entries, which are not used and said not to be", async () => {
    const action = { dtype: "float32", shape: [2], names: ["x", "y", "z"] };
    await writeV2(root, [2], { action }, () => []);
    const { notes } = await inspectDataset(root, "toy", () => {}, "ends");
    expect(notes.map(({ message }) => message)).toContain("3 names for 2 entries: none of them is used");
  });

  test("have no task_index where an episode has one task: that is its instruction", async () => {
    const { task_index: _, ...declared } = plainFeatures;
    await writeV2(root, [2, 2], {}, () => []);
    await writeJson(file("meta/info.json"), info("v2.1", [2, 2], declared));
    const tasks = ["wave", "nod"];
    const lines = tasks.map((task, index) => ({ episode_index: index, length: 2, tasks: [task] }));
    await writeJson(file("meta/episodes.jsonl"), lines);
    for (const episode of [0, 1]) {
      const columns = plainColumns(episode, 2).filter(({ name }) => name !== "task_index");
      await writeTable(file(`data/chunk-000/episode_00000${episode}.parquet`), columns, 1000);
    }
    const toy = await open();
    expect([(await toy.table(0)).tasks, (await toy.table(1)).tasks]).toEqual([
      tasks.map(() => "wave"),
      tasks.map(() => "nod"),
    ]);
    await writeJson(file("meta/episodes.jsonl"), [lines[0], { ...lines[1], tasks }]);
    expect((await open()).taskColumn).toBeNull();
  });
});

test("rows that a column marks as padding are no recording: their episode is refused, whether the column is declared or not", async () => {
  await writeV2(root, [3, 3], {}, (episode) => [
    { name: "action_is_pad", kind: "boolean", values: [false, false, episode === 1] },
  ]);
  const toy = await open();
  expect((await toy.table(0)).length).toBe(3);
  await expect(toy.table(1)).rejects.toThrow(
    'column "action_is_pad": expected frames of a recording, got one marked as padding at frame 2 of episode 1; cut such rows',
  );
});

describe("files that are not those that they stand for", () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
  const said = /got a Git LFS pointer in place of the file; run `git lfs pull` in its repository$/;
  const key = "observation.images.top";

  test("are pointers of Git LFS in metadata, tables and films, with the command that brings the file", async () => {
    await writeV2(root, [2], { [key]: { dtype: "video", shape: [48, 64, 3] } }, () => []);
    const film = `videos/chunk-000/${key}/episode_000000.mp4`;
    await writeJson(file(film), "");
    for (const path of [film, "data/chunk-000/episode_000000.parquet", "meta/tasks.jsonl", "meta/info.json"]) {
      await writeFile(file(path), pointer);
      const { problems } = await inspectDataset(root, "toy", () => {}, "ends");
      expect(problems.find((problem) => problem.path === path)?.message, path).toMatch(said);
    }
    await expect(open()).rejects.toThrow(said);
  });

  test("are found before anything is trained", async () => {
    await writeV2(root, [2], { [key]: { dtype: "video", shape: [48, 64, 3] } }, () => []);
    await writeJson(file(`videos/chunk-000/${key}/episode_000000.mp4`), "");
    await writeFile(file(`videos/chunk-000/${key}/episode_000000.mp4`), pointer);
    expect((await (await open()).compareFilms([key])).problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(said),
    ]);
  });

  test("are links to files that are not there, by where they lead", async () => {
    await writeV2(root, [3, 4], {}, () => []);
    const [table, list] = ["data/chunk-000/episode_000001.parquet", "meta/episodes.jsonl"];
    const linkTo = async (path: string) => {
      await rm(file(path));
      await symlink("/nowhere/blobs/4d7a", file(path));
    };
    await linkTo(table);
    const toy = await openDataset(root, everything("toy"));
    const said = "got a link to /nowhere/blobs/4d7a, which is not there; fetch the file again";
    await expect(toy.table(1)).rejects.toThrow(`${table}: expected the rows of episode 1, ${said}`);
    await linkTo(list);
    await expect(openDataset(root, everything("toy"))).rejects.toThrow(
      `${list}: expected a JSON value a line, ${said}`,
    );
  });

  test("are empty", async () => {
    await writeV2(root, [2], {}, () => []);
    await writeFile(file("meta/info.json"), "");
    await expect(open()).rejects.toThrow(/expected the metadata of a LeRobot dataset in .*, got an empty file$/);
  });
});

describe("a folder that is no dataset", () => {
  test("says where below it one lies, or several", async () => {
    await writeV2(file("data/one"), [2], {}, () => []);
    await expect(open()).rejects.toThrow(/; meta\/info\.json lies in data\/one below it: name that folder$/);
    for (const name of ["two", "three", "four"]) await writeV2(file(name), [2], {}, () => []);
    await expect(open()).rejects.toThrow(/lies in four, three, two, … \(4 in all\) below it: name that folder$/);
  });

  test("says where above it one lies", async () => {
    await writeV2(root, [2], {}, () => []);
    await expect(openDataset(file("meta"), everything("toy"))).rejects.toThrow(
      `meta/info.json lies in ${root}, above it: name that folder`,
    );
    await expect(openDataset(file("nothing"), everything("toy"))).rejects.toThrow("there is no such folder");
  });
});
