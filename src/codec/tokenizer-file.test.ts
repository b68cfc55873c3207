import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { smallVocabulary, writeSmallTokenizer } from "./testing/small-tokenizer.ts";
import { openTokenizer, tokenizerFolderSchema } from "./tokenizer-file.ts";

const root = mkdtempSync(join(tmpdir(), "armature-tokenizer-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder of its own with some text as its `tokenizer.json`. */
function folderWith(name: string, text: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), text);
  return folder;
}

const small = join(root, "small");
writeSmallTokenizer(small, []);

it("encodes by hand: a token to begin, merges in their order, one for what it does not know", () => {
  const tokenizer = openTokenizer({ folder: small });
  const ids = (...tokens: readonly (typeof smallVocabulary)[number][]) =>
    tokens.map((one) => smallVocabulary.indexOf(one));
  expect([...tokenizer.encode("pick pi")]).toEqual(ids("<bos>", "pick", "▁", "pi"));
  expect([...tokenizer.encode("ckip")]).toEqual(ids("<bos>", "ck", "i", "p"));
  expect([...tokenizer.encode("p?")]).toEqual(ids("<bos>", "p", "<unk>"));
  expect([...tokenizer.encode("")]).toEqual(ids("<bos>"));
  expect([...tokenizer.encodeBehind("pick pi")]).toEqual(ids("pick", "▁", "pi"));
  expect([...tokenizer.encodeBehind("")]).toEqual([]);
  expect([tokenizer.vocabulary, tokenizer.padding]).toEqual([smallVocabulary.length, 0]);
});

it("gives a text back, and refuses tokens that it does not have", () => {
  const tokenizer = openTokenizer({ folder: small });
  expect(tokenizer.decode(tokenizer.encode("pick  pi"))).toBe("pick  pi");
  expect(() => tokenizer.decode(Int32Array.of(1, smallVocabulary.length))).toThrow(
    "expected tokens from 0 to 10, got 11",
  );
});

it("has token 0, and none below it", () => {
  const tokenizer = openTokenizer({ folder: small });
  expect(tokenizer.decode(Int32Array.of(0, 4))).toBe("p");
  expect(() => tokenizer.decode(Int32Array.of(-1))).toThrow("expected tokens from 0 to 10, got -1");
});

it("gives a space before a full stop back, and has one token where its file has one", () => {
  const stops = join(root, "stops");
  writeSmallTokenizer(stops, ["."]);
  const tokenizer = openTokenizer({ folder: stops });
  expect(tokenizer.decode(tokenizer.encode("pick ."))).toBe("pick .");
  const none = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  const file = { ...none, model: { type: "BPE", vocab: { a: 0 }, merges: [] } };
  expect(openTokenizer({ folder: folderWith("single", JSON.stringify(file)) }).vocabulary).toBe(1);
});

it("is read once", () => {
  expect(openTokenizer({ folder: small })).toBe(openTokenizer({ folder: small }));
});

it("is named by a folder, with a hash of 64 hexadecimal digits or none", () => {
  const named = (sha256?: string) => tokenizerFolderSchema.safeParse({ folder: "here", sha256 }).success;
  const digits = "0123456789abcdef".repeat(4);
  expect([named(), named(digits)]).toEqual([true, true]);
  for (const other of ["", `0${digits}`, `${digits}0`, digits.slice(1), `g${digits.slice(1)}`, digits.toUpperCase()])
    expect(named(other), other).toBe(false);
  expect(tokenizerFolderSchema.safeParse({ folder: "" }).success).toBe(false);
});

it("is known by its content: the same in another folder is the same, one token more is another", () => {
  const { sha256 } = openTokenizer({ folder: small });
  expect(sha256).toBe(
    createHash("sha256")
      .update(readFileSync(join(small, "tokenizer.json")))
      .digest("hex"),
  );
  const [copy, wider] = [join(root, "copy"), join(root, "wider")];
  writeSmallTokenizer(copy, []);
  writeSmallTokenizer(wider, ["x"]);
  expect(openTokenizer({ folder: copy, sha256 }).sha256).toBe(sha256);
  expect(openTokenizer({ folder: wider }).vocabulary).toBe(smallVocabulary.length + 1);
  expect(() => openTokenizer({ folder: wider, sha256 })).toThrow(
    `wider/tokenizer.json: expected the tokenizer that the weights were trained with, of sha256 ${sha256}, got one of `,
  );
});

it.each([
  ["absent", null, "expected a tokenizer, got no such file"],
  ["damaged", "{", "expected a tokenizer.json of Hugging Face's, got something else"],
  ["other", '{"name": "x"}', "expected a tokenizer.json of Hugging Face's, got something else"],
  ["strange", '{"model": {"type": "Strange"}}', "expected a tokenizer of a known kind, got Tokenizer must contain a"],
])("refuses a folder whose file is %s, by its name and in one line", (name, text, said) => {
  const folder = text === null ? join(root, name) : folderWith(name, text);
  const open = () => openTokenizer({ folder });
  expect(open).toThrow(`${join(folder, "tokenizer.json")}: ${said}`);
  expect(open).toThrow(/^[^\n]*$/);
});
