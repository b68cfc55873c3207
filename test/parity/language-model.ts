import { readFileSync } from "node:fs";
import { z } from "zod";
import { readPublishedModel } from "../../src/checkpoint/import/published-model.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { openTokenizer } from "../../src/codec/tokenizer-file.ts";
import { InputError } from "../../src/input-error.ts";
import { languageModel } from "./published.ts";

const numbers = z.array(z.number());
const file = z.object({
  modelType: z.string(),
  layers: z.number(),
  width: z.number(),
  prompts: z.array(z.object({ text: z.string(), ids: numbers, logSumExp: z.number(), at: numbers, logits: numbers })),
});

/** How far a logit may be from transformers', as a share of the largest: float32 through up to 30 layers in another order of sums. */
const allowed = 1e-3;

const known = ["gemma3-270m", "smollm2-135m"].map((name) =>
  file.parse(JSON.parse(readFileSync(new URL(`language-model/${name}.json`, import.meta.url), "utf8"))),
);

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new InputError("language-model.ts: expected the folder that language_model.py wrote, got none");

/** Which of the known models stands in a folder. */
const source = await TensorSource.open(folder);
const { type, text } = await readPublishedModel(source);
await source.close();
const model = known.find(({ modelType, width }) => modelType === type && width === text?.size.width);
if (model === undefined)
  throw new InputError(`${folder}: expected Gemma 3 270M or SmolLM2 135M, got a "${type}", ${text?.size.width} wide`);

const tokenizer = openTokenizer({ folder });
let isRight = true;
for (const { text: prompt, ids, at, logits, logSumExp } of model.prompts) {
  const own = tokenizer.encode(prompt);
  const question = {
    prefix: [{ tokens: "prompt", sight: "causal" }],
    rows: 1,
    tokens: own,
    pictures: null,
    square: 1,
  } as const;
  const found = await languageModel(folder, question);
  const isSame = own.join() === ids.join();
  const largest = Math.max(...logits.map(Math.abs));
  const apart = Math.max(...at.map((token, index) => Math.abs(found.logits[token]! - logits[index]!))) / largest;
  const sum = Math.abs(logSumExpOf(found.logits) - logSumExp) / Math.abs(logSumExp);
  isRight &&= isSame && apart <= allowed && sum <= allowed;
  const tokens = `${own.length} tokens ${isSame ? "equal" : `differ: ${own.join(" ")} for ${ids.join(" ")}`}`;
  process.stdout.write(
    `${JSON.stringify(prompt)}: ${tokens}; logits ${apart.toExponential(1)} apart of the largest, ${largest.toFixed(1)}; ` +
      `log-sum-exp ${sum.toExponential(1)} apart; next ${JSON.stringify(tokenizer.decode(Int32Array.of(best(found.logits))))}\n`,
  );
}
process.exitCode = isRight ? 0 : 1;

function logSumExpOf(cells: Float64Array): number {
  const most = cells[best(cells)]!;
  return most + Math.log(cells.reduce((sum, cell) => sum + Math.exp(cell - most), 0));
}

function best(cells: Float64Array): number {
  return cells.reduce((found, cell, at) => (cell > cells[found]! ? at : found), 0);
}
