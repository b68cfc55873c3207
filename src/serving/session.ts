import type { RobotObservation } from "../batch/observation.ts";
import type { ActionRequest } from "./action.ts";
import { History, type HistoryChoice } from "./history.ts";
import type { ServedRobot } from "./robot.ts";

/** One robot at work: its own history, and noise of its own for each frame. */
export class Session {
  readonly robot: ServedRobot;
  readonly #history: History;
  readonly #seed: number;
  #episode = 0;

  /** @param seed of its noise; robots side by side have different ones */
  constructor(robot: ServedRobot, choice: HistoryChoice, seed: number) {
    this.robot = robot;
    this.#history = new History(robot, choice);
    this.#seed = seed;
  }

  /**
   * Takes in what the robot perceives at its next frame: at each frame, whether actions are asked for or not.
   *
   * @throws InputError where it does not fit the robot
   */
  see(observation: RobotObservation): void {
    this.#history.see(observation);
  }

  /**
   * The question for actions from now on, for `LoadedPolicy.act`.
   *
   * @throws InputError if the robot has seen nothing yet
   */
  ask(prompt: string): ActionRequest {
    const noise = { seed: this.#seed, episode: this.#episode, frame: this.#history.length - 1, draw: 0 };
    return { robot: this.robot, observations: this.#history.observations, prompt, noise };
  }

  /** Begins anew, as at an episode's start. */
  reset(): void {
    this.#history.reset();
    this.#episode++;
  }
}
