import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { reason } from "../dataset/problem.ts";
import { readOnnxFacts } from "../graph/onnx-metadata.ts";
import { InputError } from "../input-error.ts";
import type { PromptTokenizer } from "./prompt.ts";

/** A tokenizer in a folder, as a recipe names it. */
export const tokenizerFolderSchema = z.strictObject({
  /** With `tokenizer.json`, as Hugging Face's models have it; or an exported policy, in whose metadata that stands. */
  folder: z.string().min(1),
  /** Of that file, which alone decides the tokens; missing where nothing has been trained with it yet. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: "64 hexadecimal digits" })
    .optional(),
});

export type TokenizerFolder = Readonly<z.infer<typeof tokenizerFolderSchema>>;

/** A tokenizer that has been read, and the content that it was read from. */
export interface FileTokenizer extends PromptTokenizer {
  readonly sha256: string;
  /** Tokens that words are made of are below this. Special ones may lie above, such as PaliGemma's `<image>`, of which its table has no row. */
  readonly words: number;
}

const fileSchema = z.looseObject({
  model: z.looseObject({ type: z.string() }),
  padding: z.looseObject({ pad_id: z.int().nonnegative() }).nullish(),
  added_tokens: z.array(z.looseObject({ id: z.int(), special: z.boolean() })).nullish(),
});

/** Read once by each thread: a large one takes seconds. */
const opened = new Map<string, FileTokenizer>();

/** Under which an exported policy's metadata have the text of its `tokenizer.json`. */
export const tokenizerMetadata = "tokenizer";

/** The text of that file, of the content that its hash says. @throws InputError as `openTokenizer` */
export function tokenizerText(tokenizer: TokenizerFolder): string {
  const { name } = openTokenizer(tokenizer);
  return contentOf(name).toString("utf8");
}

/**
 * The tokenizer of a folder, with the special tokens that its file puts around a text.
 *
 * @throws InputError where there is none, it is of another content than its hash says, or of a kind that is not known
 * @source Hugging Face `tokenizers`: `tokenizer.json`
 */
export function openTokenizer({ folder, sha256 }: TokenizerFolder): FileTokenizer {
  const path = isFile(folder) ? folder : join(folder, "tokenizer.json");
  const found = opened.get(path) ?? readTokenizer(path);
  if (sha256 !== undefined && sha256 !== found.sha256)
    throw new InputError(
      `${path}: expected the tokenizer that the weights were trained with, of sha256 ${sha256}, got one of ${found.sha256}; name its folder in policy.tokenizer`,
    );
  opened.set(path, found);
  return found;
}

function readTokenizer(path: string): FileTokenizer {
  const bytes = contentOf(path);
  const { padding, ...rest } = parsed(path, bytes);
  const tokenizer = made(path, { padding, ...rest });
  const special = new Set((rest.added_tokens ?? []).flatMap((token) => (token.special ? [token.id] : [])));
  let [highest, highestWord] = [-1, -1];
  for (const id of tokenizer.get_vocab(true).values()) {
    highest = Math.max(highest, id);
    if (!special.has(id)) highestWord = Math.max(highestWord, id);
  }
  return {
    name: path,
    vocabulary: highest + 1,
    words: highestWord + 1,
    padding: padding?.pad_id ?? 0,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    encode: (text) => Int32Array.from(tokenizer.encode(text).ids),
    encodeBehind: (text) => Int32Array.from(tokenizer.encode(text, { add_special_tokens: false }).ids),
    decode(tokens) {
      const other = tokens.find((token) => token < 0 || token > highest);
      if (other !== undefined) throw new RangeError(`${path}: expected tokens from 0 to ${highest}, got ${other}`);
      return tokenizer.decode([...tokens], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
  };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function contentOf(path: string): Buffer {
  if (path.endsWith(".json")) return readContent(path);
  const text = readOnnxFacts(path).metadata.get(tokenizerMetadata);
  if (text === undefined) throw new InputError(`${path}: expected a policy with its tokenizer, got one without`);
  return Buffer.from(text);
}

function readContent(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError(`${path}: expected a tokenizer, got ${reason(error)}`);
  }
}

function parsed(path: string, bytes: Buffer): z.infer<typeof fileSchema> {
  try {
    return fileSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    throw new InputError(`${path}: expected a tokenizer.json of Hugging Face's, got something else`);
  }
}

/** What stands in `tokenizer_config.json` is left aside: everything that tokens depend on is in the one file. */
function made(path: string, file: object): Tokenizer {
  try {
    return new Tokenizer(file, {});
  } catch (error) {
    throw new InputError(`${path}: expected a tokenizer of a known kind, got ${reason(error)}`);
  }
}
