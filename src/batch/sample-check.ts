import { z } from "zod";
import { byteTokenizer, encodePrompt, type LongPrompt, type PromptTokenizer } from "../codec/prompt.ts";
import { longestPrompt, type PromptFormat, saysState } from "../codec/prompt-format.ts";
import { encodeResponse, formatResponse } from "../codec/response.ts";
import { type CacheForm, cached } from "../dataset/cache.ts";
import type { Dataset, EpisodeTable } from "../dataset/dataset.ts";
import { DatasetError } from "../dataset/problem.ts";
import { driftFrames, driftOf } from "../dataset/read/episode-facts.ts";
import { trajectory } from "../embodiment/window.ts";
import { InputError } from "../input-error.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import { refuseWiderRobots } from "./fit.ts";
import type { BatchLayout } from "./layout.ts";

/** What samples are checked against. */
export interface SampleCheckOptions {
  readonly layout: Pick<BatchLayout, "actionWidth" | "stateWidth" | "tokens" | "responseTokens">;
  readonly tokenizer: PromptTokenizer;
  readonly prompt: PromptFormat;
  readonly longPrompt: LongPrompt;
  /** Folder that keeps what has been checked, by the state of the files. */
  readonly cache: string;
}

/** Problems that an error names before it only counts them. */
const namedProblems = 5;

/** What is worth knowing of the samples of a member that nothing is wrong with. */
export interface SampleFindings {
  /** Episodes whose timestamps drift from the frame rate by half a frame or more, and by how much at most. */
  readonly drift: { readonly episodes: number; readonly seconds: number };
  /** Frames whose prompt is cut. */
  readonly cutPrompts: number;
  /** Tokens of its longest prompt, as far as there is room. */
  readonly longestPrompt: number;
  /** How pictures are found where films and rows differ. */
  readonly filmNotes: readonly string[];
}

/**
 * Looks for what would stop a sample later on: robots wider than the policy, files cut short, rows that are no numbers, prompts
 * that are missing or too long. Every row in use is read, once per state of the files; no picture is decoded.
 *
 * @returns what was found of each member
 * @throws InputError with the problems of every member at once
 */
export async function checkSamples(
  { mixture, datasets }: OpenMixture,
  options: SampleCheckOptions,
): Promise<SampleFindings[]> {
  refuseWiderRobots(options.layout, mixture.members);
  const problems: string[] = [];
  const findings: SampleFindings[] = [];
  for (const [at, member] of mixture.members.entries()) {
    const dataset = datasets[at]!;
    const found = await look(member, dataset, options.cache);
    problems.push(...found.problems, ...found.prompts.flatMap((prompt) => promptProblem(member, prompt, options)));
    problems.push(...found.responses.flatMap((response) => responseProblem(member, response, options)));
    const lengths = found.prompts.map(({ text }) => (text === null ? 0 : tokensOf(member, text, options)));
    const cut = found.prompts.filter((_, at) => lengths[at]! > options.layout.tokens);
    findings.push({
      drift: found.drift,
      filmNotes: found.filmNotes,
      cutPrompts: cut.reduce((sum, { frames }) => sum + frames, 0),
      longestPrompt: roomFor(lengths, options),
    });
  }
  if (problems.length === 0) return findings;
  // A damaged file says the same of each of its episodes.
  const said = [...new Set(problems)];
  const more = said.length - namedProblems;
  const rest = more > 0 ? `; and ${more} more` : "";
  throw new InputError(`${said.slice(0, namedProblems).join("; ")}${rest}`);
}

/** The longest text that a sample can have of an instruction: it may say a state. */
function longestOf({ embodiment }: Member, text: string, { prompt }: SampleCheckOptions): string {
  return longestPrompt(prompt, text, embodiment.states.length);
}

function tokensOf(member: Member, text: string, options: SampleCheckOptions): number {
  return options.tokenizer.encode(longestOf(member, text, options)).length;
}

/** Which state is the longest to say is known of bytes alone: other tokenizers may have a token for the longer number. */
function roomFor(lengths: readonly number[], { tokenizer, prompt, layout: { tokens } }: SampleCheckOptions): number {
  if (saysState(prompt) && tokenizer !== byteTokenizer) return tokens;
  return lengths.reduce((most, length) => Math.max(most, Math.min(tokens, length)), 0);
}

async function look(member: Member, dataset: Dataset, cache: string): Promise<Found> {
  const { columns, cameras } = member.embodiment;
  const { episodes } = dataset;
  const words = [method, await dataset.fingerprint(), JSON.stringify({ columns, cameras, episodes })];
  return await cached(cache, words, form, () => lookThrough(member, dataset));
}

/** Changes when the same rows would show other things than before. */
const method = "sample check 5";

const promptSchema = z.object({
  text: z.string().nullable(),
  episode: z.number(),
  frame: z.number(),
  frames: z.number(),
});

/** A response, and the first frame that has it. */
const responseSchema = z.object({ text: z.string(), episode: z.number(), frame: z.number() });

type Response = z.infer<typeof responseSchema>;

/** An instruction, the first frame that has it, and how many do. */
type Prompt = z.infer<typeof promptSchema>;

const driftSchema = z.object({ episodes: z.number(), seconds: z.number() });

interface Found {
  readonly problems: readonly string[];
  readonly prompts: readonly Prompt[];
  readonly responses: readonly Response[];
  readonly drift: z.infer<typeof driftSchema>;
  readonly filmNotes: readonly string[];
}

const entrySchema = z.object({
  key: z.string(),
  prompts: z.array(promptSchema),
  responses: z.array(responseSchema),
  drift: driftSchema,
  filmNotes: z.array(z.string()),
});

const form: CacheForm<Found> = {
  decode(text, key) {
    const { key: own, ...found } = entrySchema.parse(JSON.parse(text));
    return own === key ? { problems: [], ...found } : null;
  },
  encode: ({ problems, ...found }, key) => (problems.length === 0 ? JSON.stringify({ key, ...found }) : null),
};

const noDrift = { episodes: 0, seconds: 0 };

async function lookThrough({ embodiment, framesPerSecond }: Member, dataset: Dataset): Promise<Found> {
  const keys = embodiment.cameras.flatMap(({ key }) => (key === null ? [] : [key]));
  const films = await dataset.compareFilms(keys);
  const damaged = films.problems.map((each) => new DatasetError(dataset.name, [each]).message);
  const filmNotes = films.notes.map(({ path, message }) => `${path}: ${message}`);
  if (damaged.length > 0) return { problems: damaged, prompts: [], responses: [], drift: noDrift, filmNotes };
  const problems: string[] = [];
  const prompts = new Map<string | null, Prompt>();
  const responses = new Map<string, Response>();
  let drift = noDrift;
  const { prompt, response } = embodiment.columns;
  for (const { index: episode } of dataset.episodes)
    try {
      const table = await dataset.table(episode);
      trajectory(table, embodiment, framesPerSecond);
      drift = further(drift, timestampsOf(dataset, table), framesPerSecond);
      for (const [frame, task] of table.tasks.entries()) {
        const text = prompt.kind === "fixed" ? prompt.text : task;
        const known = prompts.get(text) ?? { text, episode, frame, frames: 0 };
        prompts.set(text, { ...known, frames: known.frames + 1 });
      }
      for (const [frame, text] of (response === undefined ? [] : table.text(response)).entries())
        if (text !== null && !responses.has(text)) responses.set(text, { text, episode, frame });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  return { problems, prompts: [...prompts.values()], responses: [...responses.values()], drift, filmNotes };
}

/** Those of an episode; none where there is no such column, or it cannot be read: frames are taken by index. */
function timestampsOf(dataset: Dataset, table: EpisodeTable): Float64Array {
  try {
    return dataset.features.has("timestamp") ? table.vector("timestamp").cells : new Float64Array();
  } catch (error) {
    if (error instanceof InputError) return new Float64Array();
    throw error;
  }
}

function further(drift: Found["drift"], timestamps: Float64Array, framesPerSecond: number): Found["drift"] {
  const { seconds } = driftOf(timestamps, framesPerSecond);
  if (seconds < driftFrames / framesPerSecond) return drift;
  return { episodes: drift.episodes + 1, seconds: Math.max(drift.seconds, seconds) };
}

function promptProblem(member: Member, { text, episode, frame }: Prompt, options: SampleCheckOptions): string[] {
  const where = `dataset "${member.datasetName}" episode ${episode} frame ${frame}`;
  try {
    refuseNoPrompt(where, text);
    const longest = longestOf(member, text, options);
    encodePrompt(options.tokenizer, longest, { limit: options.layout.tokens, long: options.longPrompt, where });
    return [];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [error.message];
  }
}

/** Nothing where a policy reads none, or where it fits. */
function responseProblem(member: Member, { text, episode, frame }: Response, options: SampleCheckOptions): string[] {
  const { tokenizer, prompt, longPrompt: long, layout } = options;
  const { responseTokens: limit = 0 } = layout;
  if (limit === 0) return [];
  const where = `dataset "${member.datasetName}" episode ${episode} frame ${frame}`;
  try {
    encodeResponse(tokenizer, formatResponse(prompt, text), { limit, long, where });
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
