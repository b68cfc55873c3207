import type { LongPrompt, PromptTokenizer } from "../codec/prompt.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { InputError } from "../input-error.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import { type MetadataReading, metadataAt, metadataTokens, stepsPerSecond } from "./metadata.ts";

/** What metadata are checked against. */
export interface MetadataCheckOptions {
  /** Nothing is checked where a policy reads none. */
  readonly metadata?: MetadataReading;
  readonly rate: number | "native";
  readonly longPrompt: LongPrompt;
  readonly tokenizer: PromptTokenizer;
  /** The most tokens. */
  readonly limit: number;
}

/**
 * Looks for what would stop a sample later on: metadata that are no numbers, or longer than fits.
 *
 * @throws InputError with the first problem of each member
 */
export async function checkMetadata(
  { mixture, datasets }: Pick<OpenMixture, "mixture" | "datasets">,
  options: MetadataCheckOptions,
): Promise<void> {
  const problems: string[] = [];
  for (const [at, member] of mixture.members.entries())
    try {
      await readAll(member, datasets[at]!, options);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  if (problems.length > 0) throw new InputError(problems.join("; "));
}

async function readAll(
  { embodiment, framesPerSecond, datasetName }: Member,
  dataset: Dataset,
  { metadata: telling, rate, longPrompt: long, tokenizer, limit }: MetadataCheckOptions,
): Promise<void> {
  if (telling === undefined || embodiment.columns.metadata === undefined) return;
  const { format } = telling;
  const fps = stepsPerSecond({ rate }, framesPerSecond);
  const seen = new Set<string>();
  for (const { index, length } of dataset.episodes) {
    const table = await dataset.table(index);
    for (let frame = 0; frame < length; frame++) {
      const found = metadataAt(embodiment, table, frame, fps);
      const key = JSON.stringify(found);
      if (seen.has(key)) continue;
      seen.add(key);
      const where = `dataset "${datasetName}" episode ${index} frame ${frame}`;
      metadataTokens(found, { format, tokenizer, limit, long, where });
    }
  }
}
