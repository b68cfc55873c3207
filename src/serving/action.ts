import type { PolicyInput } from "../batch/observation.ts";
import type { SampleKey } from "../flow/noise.ts";
import type { ServedRobot } from "./robot.ts";

/** A robot's request for an action chunk. */
export interface ActionRequest extends PolicyInput {
  readonly robot: ServedRobot;
  /** Key of the noise that the flow starts from: the same key and input give the same actions. Whole numbers from 0. */
  readonly noise: SampleKey & { readonly seed: number };
  /** What the robot carries out while it waits, for a policy that goes on from it; absent: nothing yet. */
  readonly before?: RestOfChunk | undefined;
}

/** What is left of a chunk when the next is requested. */
export interface RestOfChunk {
  /** By step and dof, in the robot's own units and order; step 0 is now. */
  readonly actions: ActionChunk["actions"];
  /** Steps from now until the first action of the next chunk is carried out. */
  readonly delay: number;
}

/** Actions for a robot's next steps. */
export interface ActionChunk {
  readonly robot: ServedRobot;
  /** By step and dof, in the robot's own units and order; step 0 is now. */
  readonly actions: readonly (readonly number[])[];
  /**
   * How many of the steps the policy gave: all, unless it says its actions and its answer ended before, from where on its last step is
   * held; 0 where the answer was no chunk.
   */
  readonly saidSteps: number;
  readonly stepsPerSecond: number;
}
