import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { reason } from "../dataset/problem.ts";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";
import { type ChunkForm, type FastForm, FastTokenizer } from "./fast.ts";

const files = {
  tokenizer: "tokenizer.json",
  tokenizerConfig: "tokenizer_config.json",
  processor: "processor_config.json",
};

const tokenizerSchema = z.object({
  model: z.object({
    type: z.literal("BPE"),
    vocab: z.record(z.string(), z.int().nonnegative()),
    /** A pair, or, in files of earlier versions, a text with a space between the two. */
    merges: z.array(z.union([z.tuple([z.string(), z.string()]), z.string()])),
  }),
});

const size = z.int().positive().nullish();
const processorSchema = z.object({
  scale: z.number().positive(),
  min_token: z.int(),
  /** Of the chunks that it was fitted to; `null` where it says chunks of any size. */
  time_horizon: size,
  action_dim: size,
});

/**
 * A tokenizer of actions from a folder, as `physical-intelligence/fast` is one.
 *
 * @throws InputError naming the file that is missing, malformed or of another kind
 */
export async function readFast(folder: string): Promise<FastForm> {
  return (await readFolder(folder)).form;
}

/**
 * A tokenizer of the actions of a policy, from a folder.
 *
 * @throws InputError as `readFast`, and where it was fitted to chunks of other sizes
 */
export async function readFastFor(folder: string, { horizon, dofs }: Omit<ChunkForm, "says">): Promise<FastForm> {
  const { form, steps, width } = await readFolder(folder);
  if ((steps ?? horizon) !== horizon || (width ?? dofs) !== dofs)
    throw new InputError(
      `${join(folder, files.processor)}: expected a tokenizer for ${horizon} steps of ${dofs} dofs, as the policy has them, got one for ${steps ?? "any"} of ${width ?? "any"}`,
    );
  return form;
}

/** A tokenizer, and the steps and dofs of the chunks that it is for. */
async function readFolder(folder: string) {
  const { model } = parseInput(join(folder, files.tokenizer), tokenizerSchema, await jsonIn(folder, files.tokenizer));
  const {
    scale,
    min_token: lowest,
    time_horizon: steps,
    action_dim: width,
  } = parseInput(join(folder, files.processor), processorSchema, await jsonIn(folder, files.processor));
  const merges = model.merges.map((merge): readonly [string, string] => {
    const [one = "", other = ""] = typeof merge === "string" ? merge.split(" ") : merge;
    return [one, other];
  });
  const tokens = Object.entries(model.vocab).sort(([, one], [, other]) => one - other);
  if (tokens.some(([, id], at) => id !== at))
    throw new InputError(
      `${join(folder, files.tokenizer)}: expected ids from 0 to ${tokens.length - 1}, got others; the file is damaged`,
    );
  const form = checked(folder, { scale, lowest, tokens: tokens.map(([token]) => token), merges });
  return { form, steps, width };
}

function checked(folder: string, form: FastForm): FastForm {
  try {
    new FastTokenizer(form);
    return form;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${join(folder, files.tokenizer)}: ${error.message}`);
  }
}

async function jsonIn(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const found = error instanceof SyntaxError ? "something else; the file is damaged" : reason(error);
    throw new InputError(`${path}: expected a file of JSON, as physical-intelligence/fast has it, got ${found}`);
  }
}

/** Writes a tokenizer of actions as `readFast` and the class of `physical-intelligence/fast` read it. */
export async function writeFast(folder: string, { scale, lowest, tokens, merges }: FastForm): Promise<void> {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: { ...byteLevel, add_prefix_space: true, trim_offsets: false },
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
  const processor = {
    processor_class: "UniversalActionProcessor",
    scale,
    vocab_size: tokens.length,
    min_token: lowest,
    action_dim: null,
    time_horizon: null,
  };
  const config = { tokenizer_class: "PreTrainedTokenizerFast", clean_up_tokenization_spaces: false };
  await mkdir(folder, { recursive: true });
  const contents = { [files.tokenizer]: tokenizer, [files.processor]: processor, [files.tokenizerConfig]: config };
  for (const [name, content] of Object.entries(contents))
    await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
}
