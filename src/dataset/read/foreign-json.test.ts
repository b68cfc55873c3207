import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseForeignJson, readForeignText } from "./foreign-json.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

const read = async (bytes: string | Uint8Array) => {
  await writeFile(join(folder, "file"), bytes);
  return await readForeignText(join(folder, "file"));
};

describe("a text of somebody else's", () => {
  test("is the same with and without a byte order mark", async () => {
    expect(await read('{"a": "é"}')).toBe('{"a": "é"}');
    expect(await read(Buffer.from('\ufeff{"a": "é"}'))).toBe('{"a": "é"}');
    expect(await read(Buffer.from('\ufeff{"a": "é"}', "utf16le"))).toBe('{"a": "é"}');
    expect(await read(Buffer.from('\ufeff{"a": "é"}', "utf16le").swap16())).toBe('{"a": "é"}');
  });

  test("is none in an encoding that would put other letters in place of its own", async () => {
    // "drücke" as Latin-1 has one byte for its second vowel, which UTF-8 does not.
    await expect(read(Buffer.from("dr\u00fccke", "latin1"))).rejects.toThrow(
      /^bytes that are no UTF-8 text; save it as UTF-8$/,
    );
  });

  test("is none where the file is empty or a pointer to it", async () => {
    await expect(read("")).rejects.toThrow(/^an empty file$/);
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    await expect(read(pointer)).rejects.toThrow(/^a Git LFS pointer in place of the file; run `git lfs pull`/);
  });
});

describe("JSON as Python writes it", () => {
  test("has numbers that are none, which texts of the same letters are not", () => {
    expect(parseForeignJson('{"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN, \\"Infinity"}')).toEqual({
      a: Number.NaN,
      b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1],
      c: 'NaN, "Infinity',
    });
  });

  test("that is none is described in plain words", () => {
    const broken: readonly [string, string][] = [
      [" \n", "an empty file"],
      ['{"a": 1', "JSON that breaks off before its end"],
      ['{"a": "b', "JSON that breaks off before its end"],
      ["<html>\n</html>", 'text that is no JSON (it begins with "<html> </html>")'],
      ['{"a": 1,\n"b" 2}', 'text that is no JSON at line 2 (it begins with "{\\"a\\": 1, \\"b\\" 2}")'],
    ];
    for (const [text, said] of broken) expect(() => parseForeignJson(text), text).toThrow(said);
  });
});
