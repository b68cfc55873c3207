import type { RobotObservation } from "../batch/observation.ts";
import type { ActionChunk, ActionRequest } from "./action.ts";
import { History, type HistoryChoice } from "./history.ts";
import type { ServedRobot } from "./robot.ts";

/** What a robot does while it waits for an answer. */
export interface Waiting {
  /** Steps until the first action of the answer is carried out. */
  readonly delay: number;
  /** Steps of the chunk before that it has carried out; `null`: as many as frames have passed since it asked for it. */
  readonly carriedOut: number | null;
}

/** One robot's session with a policy: its history of observations, what it carries out, and noise of its own for each frame. */
export class Session {
  readonly robot: ServedRobot;
  readonly #history: History;
  readonly #seed: number;
  #episode = 0;
  /** The last answer, and the frame of its question. */
  #last: { readonly chunk: ActionChunk; readonly frame: number } | null = null;

  /** @param seed of its noise; robots that act at the same time have different seeds */
  constructor(robot: ServedRobot, choice: HistoryChoice, seed: number) {
    this.robot = robot;
    this.#history = new History(robot, choice);
    this.#seed = seed;
  }

  /**
   * Adds the robot's observation at its next frame: at each frame, whether actions are requested or not.
   *
   * @throws InputError where it does not fit the robot
   */
  see(observation: RobotObservation): void {
    this.#history.see(observation);
  }

  /**
   * The request for actions from now on, for `LoadedPolicy.act`.
   *
   * @throws InputError if there was no observation yet
   */
  ask(prompt: string | Int32Array): ActionRequest {
    const noise = { seed: this.#seed, episode: this.#episode, frame: this.#history.length - 1, draw: 0 };
    return { robot: this.robot, observations: this.#history.observations, prompt, noise };
  }

  /**
   * The request for actions that go on from the last chunk that was kept.
   *
   * @throws InputError if there was no observation yet
   */
  askAfter(prompt: string | Int32Array, waiting: Waiting): ActionRequest {
    return this.after(this.ask(prompt), waiting);
  }

  /** A request that was made before, of what had been seen then, but going on from the last chunk that was kept until now. */
  after(request: ActionRequest, waiting: Waiting): ActionRequest {
    const actions = this.#last?.chunk.actions.slice(this.stepsBefore(request, waiting)) ?? [];
    if (actions.length === 0) return request;
    return { ...request, before: { actions, delay: Math.min(waiting.delay, actions.length) } };
  }

  /** Steps of the last chunk that was kept which the robot has carried out when a request is made; 0 where there was none. */
  stepsBefore({ noise }: ActionRequest, { carriedOut }: Pick<Waiting, "carriedOut">): number {
    if (this.#last === null) return 0;
    const seconds = (noise.frame - this.#last.frame) / this.robot.framesPerSecond;
    return carriedOut ?? Math.round(seconds * this.robot.stepsPerSecond);
  }

  /** Keeps the answer to the question of a frame: the robot goes on with it. */
  keep(chunk: ActionChunk, frame: number): void {
    this.#last = { chunk, frame };
  }

  /** Where it is: its noise, its episode, and the frame that it saw last, −1 before the first. */
  get place(): { readonly seed: number; readonly episode: number; readonly frame: number } {
    return { seed: this.#seed, episode: this.#episode, frame: this.#history.length - 1 };
  }

  /** Begins anew, as at an episode's start. */
  reset(): void {
    this.#history.reset();
    this.#last = null;
    this.#episode++;
  }
}
