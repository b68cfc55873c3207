import { resolve } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import { shortest } from "../shortest.ts";
import type { FittedFast } from "../training/fit-fast.ts";
import { define } from "./definition.ts";
import { count, otherwise, repeated, text } from "./parameter.ts";
import { Progress, significant } from "./progress.ts";

export const fitTokenizer = define({
  name: "fit-fast",
  summary: "fit a tokenizer of actions (FAST) to the chunks that a recipe trains on: steps and dofs that exist",
  arguments: {
    subjects: repeated(text("recipe|dataset", "a file that exports `recipe`, or datasets alone")),
  },
  options: {
    out: text(
      "folder",
      "of the tokenizer: tokenizer.json and processor_config.json, as physical-intelligence/fast has them",
    ),
    vocabulary: otherwise(count("tokens", "at most"), 1024),
    scale: otherwise(count("scale", "coefficients are multiplied by it and rounded"), 10),
    chunks: otherwise(count("n", "of the training samples, in the order in which training draws them"), 2000),
    set: otherwise(repeated(text("key=value", "replace one value of the recipe")), []),
  },
  examples: [
    { line: "fit-fast recipes/real-mixture.ts --out fast", shows: "four robots, one vocabulary of 1,024 tokens" },
    {
      line: "fit-fast ../shared/data/real/pusht --vocabulary 512 --chunks 500 --out fast-pusht",
      shows: "a smaller one for one robot",
    },
  ],
  async run({ subjects, out, vocabulary, scale, chunks, set }, terminal) {
    const { fitFastTo } = await import("../training/fit-fast.ts");
    const { readFast, writeFast } = await import("../codec/fast-file.ts");
    const { aloneWorld } = await import("../ranks/open-world.ts");
    const { subjectOf } = await import("./subject.ts");
    const { settingsOf, withSettings } = await import("./train.ts");
    const choice = { subjects, policy: null, size: null, resume: false, init: null };
    const subject = await subjectOf(await aloneWorld(), choice, terminal);
    const recipe = await withSettings(subject.recipe, settingsOf({ set, device: null }));
    const total = chunks + vocabulary;
    const now = () => performance.now();
    const bar = new Progress({ screen: terminal.err, label: "fit", unit: "chunk or token", total, done: 0, now });
    const request = { recipe, chunks, scale, vocabulary, cache: cacheFolder("statistics") };
    const { tokenizer, ...found } = await fitFastTo(request, (done) => bar.update(done, {}));
    bar.finish();
    await writeFast(out, tokenizer);
    const { tokens } = await readFast(out);
    return {
      status: 0,
      json: { folder: resolve(out), vocabulary: tokens.length, scale, lowest: tokenizer.lowest, ...found },
      text: summary(out, tokens.length, found),
    };
  },
});

function summary(out: string, vocabulary: number, found: Omit<FittedFast, "tokenizer">): string {
  const { chunks, coefficients, tokens, longest, error } = found;
  const shares = `${significant(coefficients)} coefficients in ${significant(tokens)} tokens on average`;
  return [
    `${vocabulary} tokens fitted to ${chunks} chunks: ${shares}, the longest answer ${longest} tokens`,
    `what the tokens say lies ${significant(error)} from the actions (root of the mean square, in unit scale)`,
    `written: ${shortest(resolve(out))}; in a recipe: actionTokens: { most: ${longest}, tokenizer: await readFast("${out}") }`,
  ].join("\n");
}
