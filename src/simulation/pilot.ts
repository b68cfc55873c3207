import type { Picture } from "../dataset/dataset.ts";
import type { Sensation } from "./robot.ts";

/** What steers simulated robots side by side: a policy, or anything else that gives chunks of actions. */
export interface Pilot {
  /** Robots side by side, at most. */
  readonly seats: number;
  /** Steps of a chunk. */
  readonly horizon: number;
  /** Whether pictures count only at steps at which actions are asked for. */
  readonly looksOnlyAsAsked: boolean;
  /** An episode begins in a seat. */
  begin(seat: number, episode: number): void;
  /**
   * Takes in what the robot in a seat perceives at its next step: at every step, asked or not.
   *
   * @param pictures by camera; `null` where it did not look
   */
  see(seat: number, felt: Sensation, pictures: ReadonlyMap<string, Picture> | null): void;
  /**
   * Actions from now on for the robots in these seats, each as if it were alone.
   *
   * @returns for each seat, by step and dof, in the robot's own units and order
   */
  act(seats: readonly number[]): Promise<readonly (readonly (readonly number[])[])[]>;
}
