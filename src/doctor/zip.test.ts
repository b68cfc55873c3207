import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unpacked, zipEntries } from "./zip.ts";

/*
with zipfile.ZipFile("by-python.zip", "w") as z:
    z.mkdir("a")
    z.writestr("a/squares.txt", "".join(f"{(n % 1000) ** 2}\n" for n in range(100_000)), zipfile.ZIP_DEFLATED)
    z.writestr("stored.bin", bytes(range(256)), zipfile.ZIP_STORED)
    z.writestr("ü/empty", b"", zipfile.ZIP_DEFLATED)
    z.comment = b"PK\x05\x06 is how an end record begins"
*/
const byPython = readFileSync(new URL("testing/by-python.zip", import.meta.url));
const squares = Array.from({ length: 100_000 }, (_, at) => `${(at % 1000) ** 2}\n`).join("");

const folder = mkdtempSync(join(tmpdir(), "armature-zip-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function opened<T>(bytes: Uint8Array, use: (archive: FileHandle) => Promise<T>): Promise<T> {
  const path = join(folder, "archive.zip");
  writeFileSync(path, bytes);
  const archive = await open(path, "r");
  try {
    return await use(archive);
  } finally {
    await archive.close();
  }
}

async function contentsOf(archive: FileHandle): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const entry of await zipEntries(archive))
    found.set(entry.path, Buffer.concat(await Array.fromAsync(unpacked(archive, entry))));
  return found;
}

/** The archive with other bytes where a part of it begins. */
function changed(part: string, offset: number, ...bytes: readonly number[]): Buffer {
  const copy = Buffer.from(byPython);
  const at = copy.lastIndexOf(part);
  copy.set(bytes, at + offset);
  return copy;
}

/** How parts of an archive begin; the last of each is changed: the entry of "ü/empty". */
const [entryOfEmpty, endRecord] = ["PK\u0001\u0002", "PK\u0005\u0006\0"];

describe("a zip archive", () => {
  it("holds what Python's zipfile put into it", async () => {
    const found = await opened(byPython, contentsOf);
    expect([...found.keys()]).toEqual(["a/squares.txt", "stored.bin", "ü/empty"]);
    expect(found.get("a/squares.txt")?.toString()).toBe(squares);
    expect(found.get("stored.bin")).toEqual(Buffer.from(Array.from({ length: 256 }, (_, at) => at)));
    expect(found.get("ü/empty")).toEqual(Buffer.alloc(0));
  });

  it.each([
    ["other bytes than were packed", changed("\u0000\u0001\u0002\u0003\u0004", 2, 9), 'other bytes in "stored.bin"'],
    ["a path that leaves its folder", changed("ü/empty", 0, 0x2e, 0x2e, 0x2f), 'a file "../'],
    ["a path from the root", changed(entryOfEmpty, 46, 0x2f), 'a file "/'],
    ["a file that is encrypted", changed(entryOfEmpty, 8, 1), "that is encrypted"],
    ["a way of packing that is not read", changed(entryOfEmpty, 10, 12), "packed in way 12"],
    ["a size of 4 GiB or more", changed(entryOfEmpty, 24, 255, 255, 255, 255), "an archive of 4 GiB or more"],
    ["an entry that is none", changed(entryOfEmpty, 3, 9), "an archive whose directory is cut off"],
    ["a directory beyond its end", changed(endRecord, 12, 0, 0, 1), "an archive whose directory is cut off"],
    ["several parts", changed(endRecord, 4, 1), "an archive in several parts"],
    ["its end cut off", byPython.subarray(0, -1), "no zip archive"],
    ["no bytes", Buffer.alloc(0), "no zip archive"],
  ])("with %s is refused", async (_, bytes, message) => {
    await expect(opened(bytes, contentsOf)).rejects.toThrow(message);
  });

  it("whose deflated bytes are damaged is refused", async () => {
    const copy = Buffer.from(byPython);
    const at = copy.indexOf("a/squares.txt") + "a/squares.txt".length;
    copy.fill(0xff, at + 20, at + 60);
    await expect(opened(copy, contentsOf)).rejects.toThrow('"a/squares.txt"');
  });

  it("that holds more than its directory says is not unpacked further", async () => {
    const copy = Buffer.from(byPython);
    copy.writeUInt32LE(10, copy.lastIndexOf("a/squares.txt") - 46 + 24);
    await expect(opened(copy, contentsOf)).rejects.toThrow('other bytes in "a/squares.txt"');
  });
});
