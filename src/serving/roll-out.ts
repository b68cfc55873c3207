import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Picture } from "../dataset/dataset.ts";
import type { Libav } from "../dataset/libav.ts";
import { reason } from "../dataset/problem.ts";
import { needLibav } from "../dataset/write-video.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";
import type { Design } from "../simulation/design.ts";
import { Film } from "../simulation/film.ts";
import { successInterval } from "../simulation/interval.ts";
import { type Pace, paceProblems } from "../simulation/queue.ts";
import type { RobotOptions } from "../simulation/robot.ts";
import { createRobot } from "../simulation/robots.ts";
import { type Rollout, rollOut } from "../simulation/rollout.ts";
import { loadPolicy } from "./load.ts";
import type { LoadedPolicy } from "./policy.ts";
import type { ServedRobot } from "./robot.ts";
import { fittingRobot, PolicyPilot } from "./simulated.ts";

/** What is rolled out, and how. */
export interface RolloutRequest {
  /** The run's folder. */
  readonly run: string;
  readonly design: Design;
  /** The robot's options, given those that fit the policy; its observation stays. */
  readonly options: (fitting: RobotOptions) => RobotOptions;
  /** What the robot learned from; `null` where one robot of the policy fits. */
  readonly dataset: string | null;
  readonly episodes: number;
  readonly seed: number;
  /** Steps carried out of each chunk; `null` for half of it. */
  readonly execute: number | null;
  readonly delay: number;
  /** Robots in one batch, at most. Batches of other sizes differ in their last bits. */
  readonly sideBySide: number;
  /** Where and how many of the first episodes are filmed; `null` for none. */
  readonly films: { readonly folder: string; readonly episodes: number } | null;
}

export interface RolloutProgress {
  finished(rollout: Rollout): void;
  isStopped(): boolean;
}

/** How a policy did in closed loop. */
export interface PolicyRollouts {
  /** Optimizer steps of its weights. */
  readonly step: number;
  readonly robot: ServedRobot;
  readonly options: RobotOptions;
  readonly pace: Pace;
  readonly rollouts: readonly Rollout[];
  readonly successes: number;
  /** `null` of no episodes. */
  readonly score: Score | null;
  readonly films: readonly string[];
  readonly seconds: number;
  /** Of these, in which the policy found actions. */
  readonly policySeconds: number;
}

/** What is known of a policy's success from its rollouts. */
export interface Score {
  readonly successRate: number;
  /** 95 % confidence. */
  readonly interval: readonly [low: number, high: number];
  /** Over all episodes, failed ones among them. */
  readonly meanSteps: number;
}

/**
 * Lets a run's newest checkpoint steer simulated robots. The same request gives the same rollouts, to the bit.
 *
 * @throws InputError where there is no policy, no robot of it fits, the pace does not, or a folder cannot be written
 */
export async function rollOutPolicy(request: RolloutRequest, progress: RolloutProgress): Promise<PolicyRollouts> {
  const seats = Math.min(request.sideBySide, request.episodes);
  const libav = request.films === null ? null : await openFolder(request.films.folder);
  const policy = await loadPolicy(request.run, { robots: seats, machine: "as trained" });
  try {
    return await rollOutLoaded(policy, request, libav, progress);
  } finally {
    policy.release();
  }
}

async function rollOutLoaded(
  policy: LoadedPolicy,
  request: RolloutRequest,
  libav: Libav | null,
  progress: RolloutProgress,
): Promise<PolicyRollouts> {
  const { design, episodes, seed } = request;
  const { served, observation } = fittingRobot(policy.robots, design, request.dataset);
  const seats = Math.min(request.sideBySide, episodes);
  const pilot = new PolicyPilot(policy, served, { seats, seed });
  const pace = paceOf(request, pilot.horizon);
  const options = request.options({ ...design.defaults, observation });
  if (options.observation !== observation)
    throw new InputError(
      `observation: expected "${observation}", what ${served.name} was trained on, got "${options.observation}"`,
    );
  const filmed = libav === null ? 0 : (request.films?.episodes ?? 0);
  if (filmed > 0 && (design.cameras.length === 0 || observation === "state"))
    throw new InputError(`${served.name}: expected a robot with cameras for films, got one without`);
  const films = new Map<number, Film>();
  const paths = new Map<number, string>();
  const film = (episode: number, pictures: ReadonlyMap<string, Picture>) => {
    if (libav === null || request.films === null) return;
    const path = join(request.films.folder, `${design.name}-${String(episode).padStart(3, "0")}.mp4`);
    const own = films.get(episode) ?? new Film(libav, path, design.framesPerSecond);
    films.set(episode, own);
    paths.set(episode, path);
    own.add(pictures);
  };
  const robots = await Promise.all(Array.from({ length: seats }, () => createRobot(design, options)));
  try {
    const from = performance.now();
    const rollouts = await rollOut(robots, pilot, { episodes, seed, pace, filmed }, { ...progress, filmed: film });
    const seconds = (performance.now() - from) / 1000;
    return {
      ...{ step: policy.step, robot: served, options, pace, rollouts },
      ...{ successes: rollouts.filter(({ isSuccess }) => isSuccess).length, score: scoreOf(rollouts) },
      films: [...paths].sort(([one], [other]) => one - other).map(([, path]) => path),
      ...{ seconds, policySeconds: pilot.ms / 1000 },
    };
  } finally {
    for (const own of films.values()) own.finish();
    for (const robot of robots) robot.close();
  }
}

function paceOf({ execute, delay }: RolloutRequest, horizon: number): Pace {
  const pace = { execute: execute ?? Math.ceil(horizon / 2), delay };
  const problems = paceProblems(pace, horizon);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return pace;
}

/** What rollouts say of success; `null` of none. */
export function scoreOf(rollouts: readonly Rollout[]): Score | null {
  const { length } = rollouts;
  if (length === 0) return null;
  const successes = rollouts.filter(({ isSuccess }) => isSuccess).length;
  return {
    successRate: successes / length,
    interval: successInterval(successes, length),
    meanSteps: rollouts.reduce((sum, { steps }) => sum + steps, 0) / length,
  };
}

async function openFolder(folder: string): Promise<Libav> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new InputError(`${folder}: expected a folder that can be written, got ${reason(error)}; choose another`);
  }
  return needLibav();
}
