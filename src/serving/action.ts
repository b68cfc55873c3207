import type { PolicyInput } from "../batch/observation.ts";
import type { SampleKey } from "../flow/noise.ts";
import type { ServedRobot } from "./robot.ts";

/** A robot's question for actions. */
export interface ActionRequest extends PolicyInput {
  readonly robot: ServedRobot;
  /** What the noise is keyed by: the same key and observation give the same actions. Whole numbers from 0. */
  readonly noise: SampleKey & { readonly seed: number };
}

/** What a robot is told to do. */
export interface ActionChunk {
  readonly robot: ServedRobot;
  /** By step and dof, in the robot's own units and order; step 0 is now. */
  readonly actions: readonly (readonly number[])[];
  readonly stepsPerSecond: number;
}
