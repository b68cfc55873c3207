import { createHash, type Hash } from "node:crypto";
import { ActionQueue, type ChunkExecution } from "../../client/action-queue.ts";
import type { Picture } from "../dataset/dataset.ts";
import type { Controller } from "./controller.ts";
import type { RobotEnvironment } from "./environment.ts";

/** How episodes are rolled out. */
export interface PlayPlan {
  readonly seed: number;
  readonly execution: ChunkExecution;
  /** The first so many episodes are shown to the watcher, step by step. */
  readonly filmed: number;
}

/** Which episodes are rolled out, and how. */
export interface RolloutPlan extends PlayPlan {
  /** Episodes 0 to this of the seed. */
  readonly episodes: number;
}

/** How an episode went. */
export interface Rollout {
  readonly episode: number;
  readonly isSuccess: boolean;
  readonly steps: number;
  /** Of all states and actions: equal where two rollouts are equal to the bit. */
  readonly digest: string;
}

/** Hears of rollouts as they go on, and may stop them. */
export interface RolloutWatcher {
  finished(rollout: Rollout): void;
  /** What a filmed episode shows at a step, by camera. */
  filmed(episode: number, pictures: ReadonlyMap<string, Picture>): void;
  /** Asked before each step. */
  isStopped(): boolean;
}

/**
 * Rolls episodes out in closed loop, with the robots in one batch of their controller; each begins the next episode when it is done.
 *
 * An episode's course does not depend on which others are played, nor on the robot that plays it.
 *
 * @param robots of one design; no more than the controller can control
 * @returns in the order of episodes; those that a stop cut short are left out
 */
export async function rollOut(
  robots: readonly RobotEnvironment[],
  controller: Controller,
  plan: RolloutPlan,
  watcher: RolloutWatcher,
): Promise<Rollout[]> {
  return await play(
    { robots, controller },
    Array.from({ length: plan.episodes }, (_, episode) => episode),
    plan,
    watcher,
  );
}

/** Robots and what controls them. */
export interface ControlledRobots {
  readonly robots: readonly RobotEnvironment[];
  readonly controller: Controller;
}

/** Rolls out the given episodes, begun in this order. */
export async function play(
  { robots, controller }: ControlledRobots,
  episodes: readonly number[],
  plan: PlayPlan,
  watcher: RolloutWatcher,
): Promise<Rollout[]> {
  if (robots.length > controller.environmentCount)
    throw new RangeError(`rollOut: expected at most ${controller.environmentCount} robots, got ${robots.length}`);
  const finished: Rollout[] = [];
  const players = robots.map((robot, environment) => ({ robot, environment, run: noRun }));
  let begun = 0;
  for (let tick = 0; finished.length < episodes.length && !watcher.isStopped(); tick++) {
    // Robots that ask at the same steps share a batch; one that began in between would pay for a batch of its own.
    if (tick % plan.execution.execute === 0)
      for (const player of players)
        if (player.run === noRun && begun < episodes.length)
          player.run = begin(player, controller, plan, episodes[begun++]!);
    const playing = players.filter(({ run }) => run !== noRun);
    for (const player of playing) look(player, controller, plan, watcher);
    await answer(playing, controller);
    for (const player of playing) {
      const rollout = step(player);
      if (rollout === null) continue;
      if (rollout.episode < plan.filmed) watcher.filmed(rollout.episode, player.robot.show());
      player.run = noRun;
      finished.push(rollout);
      watcher.finished(rollout);
    }
  }
  return finished.sort((one, other) => one.episode - other.episode);
}

/** A robot and the index under which its controller knows it. */
interface Player {
  readonly robot: RobotEnvironment;
  readonly environment: number;
  run: EpisodeRun;
}

/** An episode that is being played. */
interface EpisodeRun {
  readonly episode: number;
  readonly queue: ActionQueue;
  readonly hash: Hash;
  steps: number;
}

/** The run of a robot that waits for an episode. */
const noRun: EpisodeRun = {
  episode: -1,
  queue: new ActionQueue({ execute: 1, delay: 0 }),
  hash: createHash("sha256"),
  steps: 0,
};

function begin(
  { robot, environment }: Player,
  controller: Controller,
  { seed, execution }: PlayPlan,
  episode: number,
): EpisodeRun {
  robot.reset(seed, episode);
  controller.begin(environment, episode);
  return { episode, queue: new ActionQueue(execution), hash: createHash("sha256"), steps: 0 };
}

function look(
  { robot, environment, run }: Player,
  controller: Controller,
  { filmed }: PlayPlan,
  watcher: RolloutWatcher,
): void {
  const { episode, queue, hash } = run;
  const isFilmed = episode < filmed;
  if (isFilmed || queue.asks || !controller.looksOnlyAsAsked) {
    const { pictures, ...observed } = robot.observe();
    if (isFilmed) watcher.filmed(episode, robot.show());
    hash.update(observed.state);
    controller.see(environment, observed, pictures);
    return;
  }
  const observed = robot.observeState();
  hash.update(observed.state);
  controller.see(environment, observed, null);
}

async function answer(playing: readonly Player[], controller: Controller): Promise<void> {
  const asking = playing.filter(({ run }) => run.queue.asks);
  if (asking.length === 0) return;
  const chunks = await controller.act(asking.map(({ environment }) => environment));
  for (const [at, { run }] of asking.entries()) run.queue.put(chunks[at]!);
}

/** Carries one action out; returns the rollout if it ends the episode. */
function step({ robot, run }: Player): Rollout | null {
  const action = Float64Array.from(run.queue.take());
  run.hash.update(action);
  robot.act(action);
  run.steps++;
  const isSuccess = robot.isSuccess();
  if (!isSuccess && run.steps < robot.stepLimit) return null;
  return { episode: run.episode, isSuccess, steps: run.steps, digest: run.hash.digest("hex").slice(0, 16) };
}
