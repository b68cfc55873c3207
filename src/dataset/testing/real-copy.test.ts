import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { copyWithoutLinks } from "./real-copy.ts";

let place = "";
let copy = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-links-"));
  await mkdir(join(place, "real/meta"), { recursive: true });
  await writeFile(join(place, "real/meta/info.json"), "whole");
  await chmod(join(place, "real/meta/info.json"), 0o444);
  await symlink("real", join(place, "folder"));
  await mkdir(join(place, "files"));
  await symlink(join(place, "real/meta"), join(place, "files/meta"));
  await mkdir(join(place, "far/meta"), { recursive: true });
  await symlink("../../real/meta/info.json", join(place, "far/meta/info.json"));
});
afterAll(() => rm(place, { recursive: true }));

it.each(["real", "folder", "files", "far"])(
  "what is cut in a copy of %j is whole where it was copied from",
  async (name) => {
    copy = await copyWithoutLinks(join(place, name));
    const file = join(copy, "meta/info.json");
    for (const each of [copy, join(copy, "meta"), file]) expect((await lstat(each)).isSymbolicLink()).toBe(false);
    await truncate(file, 2);
    expect([await readFile(file, "utf8"), await readFile(join(place, name, "meta/info.json"), "utf8")]).toEqual([
      "wh",
      "whole",
    ]);
  },
);

it("a copy is gone when its test has ended", async () => {
  await expect(lstat(copy)).rejects.toThrow("ENOENT");
});
