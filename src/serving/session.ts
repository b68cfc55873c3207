import type { RobotObservation } from "../batch/observation.ts";
import type { ActionRequest } from "./action.ts";
import { History, type HistoryChoice } from "./history.ts";
import type { ServedRobot } from "./robot.ts";

/** One robot's session with a policy: its history of observations, and noise of its own for each frame. */
export class Session {
  readonly robot: ServedRobot;
  readonly #history: History;
  readonly #seed: number;
  #episode = 0;

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

  /** Begins anew, as at an episode's start. */
  reset(): void {
    this.#history.reset();
    this.#episode++;
  }
}
