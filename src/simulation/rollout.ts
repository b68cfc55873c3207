import { createHash, type Hash } from "node:crypto";
import type { ChunkExecution } from "../../client/action-queue.ts";
import type { Picture } from "../dataset/dataset.ts";
import type { Controller } from "./controller.ts";
import type { RobotEnvironment } from "./environment.ts";
import { answer, type ControlledRobot, RobotEpisode } from "./episode.ts";

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
  const players = robots.map((robot, environment): Player => ({ robot, environment, episode: null }));
  let begun = 0;
  for (let tick = 0; finished.length < episodes.length && !watcher.isStopped(); tick++) {
    // Robots that ask at the same steps share a batch; one that began in between would pay for a batch of its own.
    if (tick % plan.execution.execute === 0)
      for (const player of players)
        if (player.episode === null && begun < episodes.length)
          player.episode = begin({ ...player, controller }, plan, episodes[begun++]!);
    const playing = players.flatMap(({ episode }) => (episode === null ? [] : [episode]));
    for (const episode of playing) episode.look(filmOf(episode, plan, watcher));
    await answer(playing, controller);
    for (const player of players) {
      const rollout = step(player, plan, watcher);
      if (rollout === null) continue;
      player.episode = null;
      finished.push(rollout);
      watcher.finished(rollout);
    }
  }
  return finished.sort((one, other) => one.episode - other.episode);
}

/** A robot, the index under which its controller knows it, and what it plays. */
interface Player {
  readonly robot: RobotEnvironment;
  readonly environment: number;
  /** `null` while it waits for one. */
  episode: RobotEpisode<Hash> | null;
}

function begin(controlled: ControlledRobot, { seed, execution }: PlayPlan, episode: number): RobotEpisode<Hash> {
  return new RobotEpisode(controlled, { seed, execution, episode }, createHash("sha256"));
}

function filmOf({ number }: RobotEpisode<Hash>, { filmed }: PlayPlan, watcher: RolloutWatcher) {
  return number < filmed ? (pictures: ReadonlyMap<string, Picture>) => watcher.filmed(number, pictures) : null;
}

/** Carries one action out; returns the rollout if it ends the episode. */
function step({ robot, episode }: Player, plan: PlayPlan, watcher: RolloutWatcher): Rollout | null {
  const end = episode?.step() ?? null;
  if (episode === null || end === null) return null;
  filmOf(episode, plan, watcher)?.(robot.show());
  return { episode: episode.number, ...end, digest: episode.log.digest("hex").slice(0, 16) };
}
