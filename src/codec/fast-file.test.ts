import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFast, writeFast } from "./fast-file.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-fast-"));
});
afterEach(() => rm(folder, { recursive: true }));

const form = { scale: 10, lowest: -3, tokens: ["A", "B", "AB"], merges: [["A", "B"]] } as const;

it("what is written is read", async () => {
  await writeFast(folder, form);
  expect(await readFast(folder)).toEqual(form);
  const config: unknown = JSON.parse(await readFile(join(folder, "processor_config.json"), "utf8"));
  expect(config).toEqual({
    processor_class: "UniversalActionProcessor",
    vocab_size: 3,
    min_token: -3,
    scale: 10,
    action_dim: null,
    time_horizon: null,
  });
  // By which Hugging Face's classes open a `tokenizer.json` and take no space away.
  expect(JSON.parse(await readFile(join(folder, "tokenizer_config.json"), "utf8"))).toEqual({
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
  });
});

it("tokens are read in the order of their ids, whatever the order of the file", async () => {
  await writeFast(folder, form);
  const path = join(folder, "tokenizer.json");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace('"A": 0', '"A": 2').replace('"AB": 2', '"AB": 0'));
  expect((await readFast(folder)).tokens).toEqual(["AB", "B", "A"]);
});

it("merges of earlier files, with a space between the two, are the same", async () => {
  await writeFast(folder, form);
  const path = join(folder, "tokenizer.json");
  await writeFile(path, (await readFile(path, "utf8")).replace(/\[\s*"A",\s*"B"\s*\]/, '"A B"'));
  expect(await readFast(folder)).toEqual(form);
});

describe("a folder that is no tokenizer is refused by its file", () => {
  it("which is missing, or is no JSON", async () => {
    const path = join(folder, "tokenizer.json");
    const said = `${path}: expected a file of JSON, as physical-intelligence/fast has it, got`;
    await expect(readFast(folder)).rejects.toThrow(`${said} no such file`);
    await writeFile(path, "{");
    await expect(readFast(folder)).rejects.toThrow(`${said} something else; the file is damaged`);
  });

  it("whose ids have gaps, or which merges what it does not know", async () => {
    const path = join(folder, "tokenizer.json");
    await writeFast(folder, form);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"AB": 2', '"AB": 3'));
    await expect(readFast(folder)).rejects.toThrow(`${path}: expected ids from 0 to 2, got others`);
    await writeFile(path, text.replace('"A": 0', '"A": 1'));
    await expect(readFast(folder)).rejects.toThrow(`${path}: expected ids from 0 to 2, got others`);
    await writeFile(path, text.replace('"AB": 2', '"AC": 2'));
    await expect(readFast(folder)).rejects.toThrow(`${path}: byte pairs: expected merges of tokens of the vocabulary`);
  });
});
