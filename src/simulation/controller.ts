import type { Picture } from "../dataset/dataset.ts";
import type { StateObservation } from "./environment.ts";

/** What controls simulated robots side by side: a policy, or anything else that gives chunks of actions. */
export interface Controller {
  /** How many environments it can control at the same time. */
  readonly environmentCount: number;
  /** Steps of a chunk. */
  readonly horizon: number;
  /** Whether pictures are read only at steps at which actions are asked for. */
  readonly looksOnlyAsAsked: boolean;
  /** An episode begins in the environment of this index. */
  begin(environment: number, episode: number): void;
  /**
   * Takes in what the environment's robot observes at its next step: at every step, whether actions are asked for or not.
   *
   * @param pictures by camera; `null` where it did not look
   */
  see(environment: number, observed: StateObservation, pictures: ReadonlyMap<string, Picture> | null): void;
  /**
   * Actions from now on for the robots of these environments, each as if it were alone.
   *
   * @returns for each environment, by step and dof, in the robot's own units and order
   */
  act(environments: readonly number[]): Promise<readonly (readonly (readonly number[])[])[]>;
}
