import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { storedPicture } from "./stored-picture.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  await mkdir(join(root, "images/top"), { recursive: true });
  await writeFile(join(root, "images/top/frame_3.png"), Uint8Array.of(3, 1, 4));
  await writeFile(join(root, "images/top/pointer.png"), "version https://git-lfs.github.com/spec/v1\nsize 12\n");
});
afterEach(async () => await rm(root, { recursive: true }));

test("a picture is the bytes of a cell, or those of the file that it names, by either separator", async () => {
  const bytes = Uint8Array.of(2, 7);
  const cells = [bytes, { bytes, path: "nowhere.png" }];
  for (const cell of cells) expect(await storedPicture(root, cell)).toEqual(bytes);
  const named = [
    "images/top/frame_3.png",
    "images\\top\\frame_3.png",
    { bytes: null, path: "./images/top/frame_3.png" },
  ];
  for (const cell of named) expect([...(await storedPicture(root, cell))]).toEqual([3, 1, 4]);
});

test("what is no picture is said in one sentence, with the path where there should be a file", async () => {
  const cure = "put the pictures into the table, or into the dataset's folder";
  const wrong: readonly (readonly [unknown, string])[] = [
    [null, "an empty cell"],
    [{ bytes: null, path: null }, "an empty cell, with neither bytes nor a path"],
    [[[[0, 1, 2]]], "a list of numbers; store pictures as PNG or JPEG, or as a film"],
    [7, "a number"],
    ["images/gone.png", `no such file, at the path "images/gone.png"; ${cure}`],
    [
      { bytes: null, path: "/home/bob/frame.png" },
      `a path that leaves the dataset's folder, at the path "/home/bob/frame.png"; ${cure}`,
    ],
    [
      "images/top/pointer.png",
      'a Git LFS pointer in place of the file; run `git lfs pull` in its repository, at the path "images/top/pointer.png"',
    ],
  ];
  for (const [cell, said] of wrong) await expect(storedPicture(root, cell)).rejects.toThrow(new Error(said));
});
