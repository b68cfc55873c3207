import { ActionQueue, type ChunkExecution } from "../../client/action-queue.ts";
import type { Picture } from "../dataset/dataset.ts";
import type { Controller } from "./controller.ts";
import type { RobotEnvironment } from "./environment.ts";

/** A robot, and what controls it under an index. */
export interface ControlledRobot {
  readonly robot: RobotEnvironment;
  readonly controller: Controller;
  /** Under which the controller knows the robot. */
  readonly environment: number;
}

/** Which episode is played, and how its chunks are carried out. */
export interface EpisodeStart {
  readonly seed: number;
  readonly episode: number;
  readonly execution: ChunkExecution;
}

/** Takes in all states and actions of an episode, in their order. */
export interface EpisodeLog {
  update(values: Float64Array): unknown;
}

/** How an episode ended. */
export interface EpisodeEnd {
  readonly isSuccess: boolean;
  readonly steps: number;
}

/** An episode in closed loop. At each step: `look`; where it asks, `put` what the controller gives; `step`. */
export class RobotEpisode<Log extends EpisodeLog> {
  /** Its number under the seed. */
  readonly number: number;
  readonly environment: number;
  readonly log: Log;
  readonly #robot: RobotEnvironment;
  readonly #controller: Controller;
  readonly #queue: ActionQueue;
  #steps = 0;

  /** Puts robot and controller at the episode's start. */
  constructor({ robot, controller, environment }: ControlledRobot, choice: EpisodeStart, log: Log) {
    const { seed, episode, execution } = choice;
    this.number = episode;
    this.environment = environment;
    this.log = log;
    this.#robot = robot;
    this.#controller = controller;
    this.#queue = new ActionQueue(execution);
    robot.reset(seed, episode);
    controller.begin(environment, episode);
  }

  /** Whether the controller has to give a chunk at this step. */
  get asks(): boolean {
    return this.#queue.asks;
  }

  /** Steps that were carried out. */
  get steps(): number {
    return this.#steps;
  }

  /** Shows the controller what the robot observes. @param film takes what its cameras see; `null` where nobody films */
  look(film: ((pictures: ReadonlyMap<string, Picture>) => void) | null): void {
    const looks = film !== null || this.asks || !this.#controller.looksOnlyAsAsked;
    const { pictures, ...observed } = looks ? this.#robot.observe() : { ...this.#robot.observeState(), pictures: null };
    film?.(this.#robot.show());
    this.log.update(observed.state);
    this.#controller.see(this.environment, observed, pictures);
  }

  /** The chunk that was asked for, by step and dof. */
  put(chunk: readonly (readonly number[])[]): void {
    this.#queue.put(chunk);
  }

  /** Carries out one action. @returns how the episode ends, where it does so now */
  step(): EpisodeEnd | null {
    const action = Float64Array.from(this.#queue.take());
    this.log.update(action);
    this.#robot.act(action);
    this.#steps++;
    const isSuccess = this.#robot.isSuccess();
    return isSuccess || this.#steps >= this.#robot.stepLimit ? { isSuccess, steps: this.#steps } : null;
  }
}

/** Puts chunks to the episodes that ask for them, all in one call of their controller. */
export async function answer(playing: readonly RobotEpisode<EpisodeLog>[], controller: Controller): Promise<void> {
  const asking = playing.filter(({ asks }) => asks);
  if (asking.length === 0) return;
  const chunks = await controller.act(asking.map(({ environment }) => environment));
  for (const [at, episode] of asking.entries()) episode.put(chunks[at]!);
}
