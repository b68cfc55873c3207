import { realSteps } from "../batch/real-step.ts";
import { AnswerCodec } from "../codec/answer.ts";
import { type FastForm, FastTokenizer, fitFast } from "../codec/fast.ts";
import { actionWindow } from "../dataset/chunk.ts";
import { normalize } from "../embodiment/normalize.ts";
import { actionsFrom, trajectory } from "../embodiment/window.ts";
import type { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { type OpenMixture, openMixture } from "../mixture/mixture.ts";
import { type Draw, draw } from "../mixture/sampler.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { loadPlanOf, type Plan, planOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { tokenizerOf } from "../recipe/tokenizer.ts";

/** What a tokenizer of actions is fitted to. */
export interface FastFitRequest {
  readonly recipe: Recipe;
  /** How many chunks of its training samples, from the first that training draws. */
  readonly chunks: number;
  readonly scale: number;
  readonly vocabulary: number;
  /** Folder for what has been measured. */
  readonly cache: string;
}

/** A tokenizer, and what it makes of the chunks that it was fitted to. */
export interface FittedFast {
  readonly tokenizer: FastForm;
  readonly chunks: number;
  /** Coefficients of a chunk, and tokens that say them, on average. */
  readonly coefficients: number;
  readonly tokens: number;
  /** Tokens of the longest answer, with what stands around it. */
  readonly longest: number;
  /** Root of the mean squared difference between actions and what their tokens say, in unit scale. */
  readonly error: number;
}

/**
 * A tokenizer of actions for a recipe: fitted to chunks of its training samples, in the order in which training draws them, of steps and
 * dofs that exist, in unit scale.
 *
 * @param seen told how much of all is done
 * @throws InputError where the data cannot be trained on, no sample has a robot target, or the vocabulary is too small
 */
export async function fitFastTo(
  request: FastFitRequest,
  seen: (done: number, total: number) => void,
): Promise<FittedFast> {
  const { recipe, scale, vocabulary } = request;
  const total = request.chunks + vocabulary;
  const open = await openMixture(mixtureOf(recipe));
  try {
    const plan = await planOf(recipe, open, request.cache);
    const chunks = await chunksOf(plan, open, { wanted: request.chunks, seen: (done) => seen(done, total) });
    const made = (tokens: number) => seen(request.chunks + tokens, total);
    const tokenizer = fitted(chunks, { scale, vocabulary, made });
    seen(total, total);
    return { tokenizer, chunks: chunks.length, ...measured(recipe, tokenizer, chunks) };
  } finally {
    await open.close();
  }
}

function fitted(chunks: readonly HostArray<"t d">[], fit: Parameters<typeof fitFast>[1]): FastForm {
  try {
    return fitFast(chunks, fit);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${error.message}; raise --vocabulary or lower --scale`);
  }
}

interface Wanted {
  readonly wanted: number;
  readonly seen: (done: number) => void;
}

/** Chunks of samples with a robot target, in the order of the draws. */
async function chunksOf(plan: Plan, open: OpenMixture, { wanted, seen }: Wanted): Promise<HostArray<"t d">[]> {
  const { mixture } = plan;
  const hasTarget = ({ member }: Draw) => mixture.members[member]!.embodiment.target === "actions";
  if (!mixture.members.some(({ embodiment, share }) => embodiment.target === "actions" && share > 0))
    throw new InputError("fit-fast: expected a dataset with actions, got none");
  const found: HostArray<"t d">[] = [];
  for (let n = 0; found.length < wanted; n++) {
    const own = draw(mixture.seed, mixture.members, n);
    if (!hasTarget(own)) continue;
    found.push(await chunkAt(plan, open, own));
    seen(found.length);
  }
  return found;
}

async function chunkAt(plan: Plan, { datasets }: OpenMixture, { member: at, episode, frame }: Draw) {
  const { recipe, mixture } = plan;
  const { embodiment, framesPerSecond } = mixture.members[at]!;
  const { reading, units } = loadPlanOf(plan);
  const { rate, actionFrame, pastEnd } = reading;
  const steps = recipe.policy.actionHorizon;
  const table = await datasets[at]!.table(episode);
  const path = trajectory(table, embodiment, framesPerSecond);
  const clock = { length: table.length, framesPerSecond };
  const { real } = actionWindow(clock, frame, { steps, stepsPerSecond: rate });
  const actions = actionsFrom(path, frame, { steps, rate, frame: actionFrame, pastEnd });
  return realSteps(normalize(actions, units[at]!.action), real);
}

function measured(recipe: Recipe, form: FastForm, chunks: readonly HostArray<"t d">[]) {
  const fast = new FastTokenizer(form);
  const codec = new AnswerCodec(tokenizerOf(recipe), { tokenizer: form });
  let [coefficients, tokens, longest, squares] = [0, 0, 0, 0];
  for (const chunk of chunks) {
    const said = fast.encode(chunk);
    const [horizon = 0, dofs = 0] = chunk.shape;
    const back = fast.decode(said, { dofs, horizon, says: "real steps" });
    coefficients += chunk.cells.length;
    tokens += said.length;
    longest = Math.max(longest, codec.encode(chunk).length);
    for (const [cell, value] of chunk.cells.entries()) squares += (value - back.cells[cell]!) ** 2;
  }
  const { length } = chunks;
  const error = Math.sqrt(squares / coefficients);
  return { coefficients: coefficients / length, tokens: tokens / length, longest, error };
}
