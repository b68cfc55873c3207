import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Tokens of the small tokenizer, by id: letters that merge to "pick", and what stands for a space. */
export const smallVocabulary = ["<pad>", "<bos>", "<unk>", "▁", "p", "i", "c", "k", "pi", "ck", "pick"] as const;

/**
 * Writes a tokenizer as Hugging Face's models have one: pairs of tokens are merged in the order `p i`, `c k`, `pi ck`, and a token that
 * begins stands in front.
 *
 * @param more tokens, behind the others
 */
export function writeSmallTokenizer(folder: string, more: readonly string[]): void {
  const added = ["<pad>", "<bos>", "<unk>"].map((content, id) => {
    return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  });
  const begin = { SpecialToken: { id: "<bos>", type_id: 0 } };
  const file = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: "Replace", pattern: { String: " " }, content: "▁" },
    pre_tokenizer: null,
    post_processor: {
      type: "TemplateProcessing",
      single: [begin, { Sequence: { id: "A", type_id: 0 } }],
      pair: [begin, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<bos>": { id: "<bos>", ids: [1], tokens: ["<bos>"] } },
    },
    decoder: {
      type: "Sequence",
      decoders: [{ type: "Replace", pattern: { String: "▁" }, content: " " }, { type: "Fuse" }],
    },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: "<unk>",
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries([...smallVocabulary, ...more].map((token, id) => [token, id])),
      merges: [
        ["p", "i"],
        ["c", "k"],
        ["pi", "ck"],
      ],
    },
  };
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(file));
}
