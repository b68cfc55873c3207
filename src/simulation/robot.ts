import type { Picture } from "../dataset/dataset.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";

/** What may be set about a simulated robot, the same keys for all. */
export interface RobotOptions {
  /** "state": no cameras, and the state tells where the goal is. */
  readonly observation: "pictures" | "state";
  /** Pixels of a picture's side. */
  readonly imageSize: number;
  /** Things of other colours that look like the goal, for instructions to matter. */
  readonly distractors: number;
  /**
   * How imprecise the motors are: what is carried out differs from what was commanded by normal noise of this many times
   * the dof's largest move in a step. Demonstrations then show how to come back to the way.
   */
  readonly disturbance: number;
}

/** What a robot feels at one moment, with its eyes closed. */
export interface Sensation {
  /** In the order of its embodiment's states. */
  readonly state: Float64Array;
  readonly instruction: string;
}

/** What a robot perceives at one moment. */
export interface Observation extends Sensation {
  /** By the camera's key. */
  readonly pictures: ReadonlyMap<string, Picture>;
}

/** One simulated robot with its task; many may run side by side. */
export interface Robot {
  readonly name: string;
  readonly embodiment: Embodiment;
  readonly options: RobotOptions;
  readonly framesPerSecond: number;
  /** Steps after which an episode counts as failed. */
  readonly stepLimit: number;
  /** Begins an episode: everything left to chance follows from seed and episode. */
  reset(seed: number, episode: number): void;
  /** What it perceives now. */
  observe(): Observation;
  /** The same without pictures, which take most of the time. */
  sense(): Sensation;
  /** What its cameras would see now, by key, also of a robot that perceives no pictures: for films. */
  show(): ReadonlyMap<string, Picture>;
  /**
   * Carries out a command for one control step; values past a dof's range are brought to its end.
   *
   * @throws RangeError if the width is another or a value is not finite
   */
  act(action: ArrayLike<number>): void;
  /** Whether the goal has held for long enough, as the simulator sees it. */
  isSuccess(): boolean;
  /** What the scripted expert commands now; it is asked once per step, from the first on. */
  demonstrate(): Float64Array;
  close(): void;
}
