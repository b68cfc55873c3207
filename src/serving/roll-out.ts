import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { type ChunkExecution, executionProblems } from "../../client/action-queue.ts";
import { reason } from "../dataset/problem.ts";
import { needLibav } from "../dataset/write/video.ts";
import type { Device } from "../graph/runtime/device.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Chunking } from "../objective/chunking.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Design } from "../simulation/design.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import { successInterval } from "../simulation/interval.ts";
import { findRobot } from "../simulation/robots.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { newStopCell } from "../stop-cell.ts";
import { chunkingProblem } from "./chunking.ts";
import { actingOn, type FoundPolicy, findPolicy } from "./load.ts";
import type { Machine } from "./machine.ts";
import type { ServedRobot } from "./robot.ts";
import { encodeWeights, type PlayedShare } from "./rollout-share.ts";
import { playShares, type RolloutProgress } from "./rollout-threads.ts";
import { type AnswerCounts, together } from "./said.ts";
import { fittingRobot } from "./simulated.ts";

/** A policy, a simulated robot, and how many episodes are rolled out in which way. */
export interface RolloutRequest {
  /** The run's folder. */
  readonly run: string;
  readonly design: Design;
  /** The robot's options, from those that fit the policy; `observation` has to stay as it is. */
  readonly options: (fitting: RobotOptions) => RobotOptions;
  /** The dataset whose robot it is to the policy; `null` where only one robot of the policy fits. */
  readonly dataset: string | null;
  readonly episodes: number;
  readonly seed: number;
  /** Execution horizon, in steps of a chunk; `null` for half of the chunk. */
  readonly execute: number | null;
  /** Inference delay, in steps. */
  readonly delay: number;
  /** How chunks go on from those before them; absent: each arises by itself. */
  readonly chunking?: Chunking | undefined;
  /** What the policy holds of its weights; absent: float32. */
  readonly weightKind?: WeightKind | undefined;
  /** Where the policy computes; absent: where it was trained. */
  readonly device?: Device | null;
  /** The most robots that are simulated at the same time. Results of other numbers differ in their last bits. */
  readonly sideBySide: number;
  /** Where and how many of the first episodes are filmed; `null` for none. */
  readonly films: { readonly folder: string; readonly episodes: number } | null;
}

/** How a policy did in closed loop. */
export interface PolicyRollouts {
  /** Optimizer steps of its weights. */
  readonly step: number;
  /** What the user should know: newer checkpoints that are not whole. */
  readonly notes: readonly string[];
  readonly robot: ServedRobot;
  readonly options: RobotOptions;
  readonly execution: ChunkExecution;
  readonly rollouts: readonly Rollout[];
  readonly successes: number;
  /** `null` of no episodes. */
  readonly score: Score | null;
  /** What became of the policy's answers; `null` where it says no actions. */
  readonly answers: AnswerCounts | null;
  readonly films: readonly string[];
  readonly seconds: number;
  /** Those of the seconds in which the policy computed actions; the mean over threads. */
  readonly policySeconds: number;
}

/** The success rate of rollouts. */
export interface Score {
  readonly successRate: number;
  /** 95 % confidence. */
  readonly interval: readonly [low: number, high: number];
  /** Over all episodes, failed ones among them. */
  readonly meanSteps: number;
}

/**
 * Rolls out the policy of a run's newest checkpoint on simulated robots. The same request gives the same rollouts, to the bit.
 *
 * @throws InputError where there is no policy, no robot of it fits, horizon and delay do not, or a folder cannot be written
 */
export async function rollOutPolicy(request: RolloutRequest, progress: RolloutProgress): Promise<PolicyRollouts> {
  if (request.films !== null) await openFolder(request.films.folder);
  return await rollOutFound(actingOn(await findPolicy(request.run), request.device ?? null), null, request, progress);
}

/** A rollout of a policy that has been found. */
export type RolloutChoice = Omit<RolloutRequest, "run">;

/**
 * Rolls out a policy that has been found.
 *
 * @param weights `null`: those of its checkpoint
 */
export async function rollOutFound(
  policy: FoundPolicy,
  weights: ParameterValues | null,
  request: RolloutChoice,
  progress: RolloutProgress,
): Promise<PolicyRollouts> {
  const { design, films } = request;
  const { served, execution, options } = planRollout(policy, request);
  const stop = newStopCell();
  const plan = { seed: request.seed, execution, filmed: films?.episodes ?? 0 };
  const common = {
    policy,
    weights: weights === null ? null : encodeWeights(weights),
    plan,
    options,
    stop,
    robot: policy.robots.indexOf(served),
    design: design.name,
    chunking: request.chunking,
    weightKind: request.weightKind,
    folder: films?.folder ?? null,
  };
  const shares = rolloutParts(policy.machine, request).map((part) => ({ ...common, ...part }));
  const played = await playShares(shares, stop, progress);
  const rollouts = played.shares.flatMap((share) => share.rollouts).sort((one, other) => one.episode - other.episode);
  const paths = played.shares.flatMap((share) => share.films).sort(([one], [other]) => one - other);
  const policySeconds = played.shares.reduce((sum, share) => sum + share.policySeconds, 0) / shares.length;
  return {
    step: policy.step,
    notes: policy.notes,
    robot: served,
    options,
    execution,
    rollouts,
    successes: successesOf(rollouts),
    score: scoreOf(rollouts),
    answers: answersOf(played.shares),
    films: paths.map(([, path]) => path),
    seconds: played.seconds,
    policySeconds,
  };
}

function answersOf(shares: readonly PlayedShare[]): AnswerCounts | null {
  const own = shares.flatMap(({ answers }) => (answers === null ? [] : [answers]));
  return own.length === 0 ? null : together(own);
}

/** The robot, the chunk execution and the options that a rollout's choice means for a policy. */
export interface PlannedRollout {
  readonly served: ServedRobot;
  readonly execution: ChunkExecution;
  readonly options: RobotOptions;
}

/** @throws InputError where no robot of the policy fits, or where horizon, delay or an option do not fit */
export function planRollout(policy: FoundPolicy, choice: RolloutChoice): PlannedRollout {
  const { served, observation } = fittingRobot(policy.robots, choice.design, choice.dataset);
  const execution = executionOf(choice, policy.recipe.policy);
  const problem = chunkingProblem(choice.chunking, policy.recipe);
  if (problem !== null) throw new InputError(problem);
  return { served, execution, options: optionsOf(choice, served, observation) };
}

/** The most rows of a program on a processor: with more its arrays leave the cache, with fewer each row costs more. */
export const mostRows = 8;

/**
 * Episodes, number of environments and machine of each thread. Several robots run on as many threads as the policy was trained
 * on, each with a program of one thread and without waiting for the others; a single robot's program has all threads.
 */
export function rolloutParts(
  { device, threads }: Machine,
  { episodes, sideBySide }: Pick<RolloutChoice, "episodes" | "sideBySide">,
) {
  const environments = Math.min(sideBySide, episodes);
  const parts = device === "cpu" ? Math.min(threads, environments) : 1;
  const most = Math.ceil(environments / parts);
  return Array.from({ length: parts }, (_, part) => ({
    episodes: Array.from({ length: episodes }, (_, episode) => episode).filter((episode) => episode % parts === part),
    environmentCount: Math.ceil((environments - part) / parts),
    rows: device === "cpu" ? Math.min(most, mostRows) : most,
    machine: { device, threads: parts === 1 ? threads : 1 },
  }));
}

function optionsOf(
  { design, options: choose }: RolloutChoice,
  served: ServedRobot,
  observation: RobotOptions["observation"],
): RobotOptions {
  // Threads know a robot by its name.
  if (findRobot(design.name) !== design)
    throw new RangeError(`rollOut: expected the design of robot "${design.name}" as it is, got another`);
  const options = choose({ ...design.defaults, observation });
  if (options.observation !== observation)
    throw new InputError(
      `observation: expected "${observation}", what ${served.name} was trained on, got "${options.observation}"`,
    );
  return options;
}

function executionOf(
  { execute, delay, chunking }: RolloutChoice,
  { actionHorizon: horizon, maxDelay = 0 }: Recipe["policy"],
): ChunkExecution {
  const execution = { execute: execute ?? Math.ceil(horizon / 2), delay };
  const problems = executionProblems(execution, horizon);
  if (chunking?.kind === "frozen" && delay > maxDelay && maxDelay > 0)
    problems.push(`delay: expected at most policy.maxDelay (${maxDelay}) with frozen chunks, got ${delay}`);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return execution;
}

/** The success rate of rollouts; `null` where there are none. */
export function scoreOf(rollouts: readonly Rollout[]): Score | null {
  const { length } = rollouts;
  if (length === 0) return null;
  const successes = successesOf(rollouts);
  return {
    successRate: successes / length,
    interval: successInterval(successes, length),
    meanSteps: rollouts.reduce((sum, { steps }) => sum + steps, 0) / length,
  };
}

function successesOf(rollouts: readonly Rollout[]): number {
  return rollouts.filter(({ isSuccess }) => isSuccess).length;
}

/** @throws InputError where films cannot be written */
async function openFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new InputError(`${folder}: expected a folder that can be written, got ${reason(error)}; choose another`);
  }
  await needLibav();
}
