import { z } from "zod";
import { encodePrompt, type LongPrompt, type PromptTokenizer } from "../codec/prompt.ts";
import { type CacheForm, cached } from "../dataset/cache.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { DatasetError } from "../dataset/problem.ts";
import { trajectory } from "../embodiment/window.ts";
import { InputError } from "../input-error.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import { refuseWiderRobots } from "./fit.ts";
import type { BatchLayout } from "./layout.ts";

/** What samples are checked against. */
export interface SampleCheckOptions {
  readonly layout: Pick<BatchLayout, "actionWidth" | "stateWidth" | "tokens">;
  readonly tokenizer: PromptTokenizer;
  readonly longPrompt: LongPrompt;
  /** Folder that keeps what has been checked, by the state of the files. */
  readonly cache: string;
}

/** Problems that an error names before it only counts them. */
const namedProblems = 5;

/**
 * Looks for what would stop a sample later on: robots wider than the policy, files cut short, rows that are no numbers, prompts
 * that are missing or too long. Every row in use is read, once per state of the files; no picture is decoded.
 *
 * @throws InputError with the problems of every member at once
 */
export async function checkSamples({ mixture, datasets }: OpenMixture, options: SampleCheckOptions): Promise<void> {
  refuseWiderRobots(options.layout, mixture.members);
  const problems: string[] = [];
  for (const [at, member] of mixture.members.entries()) {
    const dataset = datasets[at]!;
    problems.push(...(await sampleProblems(member, dataset, options)));
  }
  if (problems.length === 0) return;
  // A damaged file says the same of each of its episodes.
  const said = [...new Set(problems)];
  const more = said.length - namedProblems;
  const rest = more > 0 ? `; and ${more} more` : "";
  throw new InputError(`${said.slice(0, namedProblems).join("; ")}${rest}`);
}

async function sampleProblems(member: Member, dataset: Dataset, options: SampleCheckOptions): Promise<string[]> {
  const { columns, cameras } = member.embodiment;
  const { episodes } = dataset;
  const words = [method, await dataset.fingerprint(), JSON.stringify({ columns, cameras, episodes })];
  const { problems, prompts } = await cached(options.cache, words, form, () => lookThrough(member, dataset));
  return [...problems, ...prompts.flatMap((prompt) => promptProblem(dataset.name, prompt, options))];
}

/** Changes when the same rows would show other things than before. */
const method = "sample check 2";

const promptSchema = z.object({ text: z.string().nullable(), episode: z.number(), frame: z.number() });

/** An instruction and the first frame that has it. */
type Prompt = z.infer<typeof promptSchema>;

interface Found {
  readonly problems: readonly string[];
  readonly prompts: readonly Prompt[];
}

const entrySchema = z.object({ key: z.string(), prompts: z.array(promptSchema) });

const form: CacheForm<Found> = {
  decode(text, key) {
    const { key: own, prompts } = entrySchema.parse(JSON.parse(text));
    return own === key ? { problems: [], prompts } : null;
  },
  encode: ({ problems, prompts }, key) => (problems.length === 0 ? JSON.stringify({ key, prompts }) : null),
};

async function lookThrough({ embodiment, framesPerSecond }: Member, dataset: Dataset): Promise<Found> {
  const keys = embodiment.cameras.flatMap(({ key }) => (key === null ? [] : [key]));
  const damage = await dataset.damage(keys);
  if (damage.length > 0)
    return { problems: damage.map((each) => new DatasetError(dataset.name, [each]).message), prompts: [] };
  const problems: string[] = [];
  const prompts = new Map<string | null, Prompt>();
  const { prompt } = embodiment.columns;
  for (const { index: episode } of dataset.episodes)
    try {
      const table = await dataset.table(episode);
      trajectory(table, embodiment, framesPerSecond);
      for (const [frame, task] of table.tasks.entries()) {
        const text = prompt.kind === "fixed" ? prompt.text : task;
        if (!prompts.has(text)) prompts.set(text, { text, episode, frame });
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  return { problems, prompts: [...prompts.values()] };
}

function promptProblem(dataset: string, { text, episode, frame }: Prompt, options: SampleCheckOptions): string[] {
  const where = `dataset "${dataset}" episode ${episode} frame ${frame}`;
  try {
    refuseNoPrompt(where, text);
    encodePrompt(options.tokenizer, text, { limit: options.layout.tokens, long: options.longPrompt, where });
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [error.message];
  }
}

/** @throws InputError where a frame has no instruction */
export function refuseNoPrompt(where: string, text: string | null): asserts text is string {
  if (text === null)
    throw new InputError(`${where}: expected an instruction, got none; give the mapping a fixed prompt`);
}
