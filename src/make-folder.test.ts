import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder } from "./make-folder.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-folder-"));
});
afterAll(() => rm(place, { recursive: true }));

describe("a folder", () => {
  it("is made with those above it, and made again without harm", async () => {
    const path = join(place, "one", "two", "three");
    await makeFolder(path);
    await writeFile(join(path, "file"), "kept");
    await makeFolder(path);
    expect((await stat(join(path, "file"))).size).toBe(4);
  });

  it("is made by each of several that make the folders above it, at whatever moment each begins", async () => {
    for (let round = 0; round < 300; round++) {
      const made: Promise<void>[] = [];
      for (const name of ["one", "two", "three"]) {
        made.push(makeFolder(join(place, `round ${round}`, name)));
        for (let turn = 0; turn < round % 8; turn++) await setImmediate();
      }
      await Promise.all(made);
    }
  });

  it("is not made below a file, nor in its place", async () => {
    const file = join(place, "file");
    await writeFile(file, "");
    await expect(makeFolder(join(file, "below", "it"))).rejects.toThrow("ENOTDIR");
    await expect(makeFolder(file)).rejects.toThrow("EEXIST");
  });

  it.skipIf(!existsSync("/proc/self"))("is refused at once where the system takes none", async () => {
    await expect(makeFolder("/proc/armature/one/two")).rejects.toThrow("ENOENT");
  });
});
