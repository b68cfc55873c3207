import type { Picture } from "../dataset/dataset.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";

/** Options of a simulated robot; all robots have the same keys. */
export interface RobotOptions {
  /** "state": no pictures, and the state says where the goal is. */
  readonly observation: "pictures" | "state";
  /** Pixels of a picture's side. */
  readonly imageSize: number;
  /** Number of objects that differ from the goal in colour alone, so that the instruction has to be followed. */
  readonly distractors: number;
  /**
   * How imprecise the motors are: what is carried out differs from the command by normal noise of this many times the dof's
   * largest move in a step. Demonstrations then show how to recover from deviations.
   */
  readonly disturbance: number;
}

/** The part of an observation that needs no rendering. */
export interface StateObservation {
  /** In the order of its embodiment's states. */
  readonly state: Float64Array;
  readonly instruction: string;
}

/** State, instruction and pictures of a simulated robot at one time. */
export interface SimulatedObservation extends StateObservation {
  /** By the camera's key. */
  readonly pictures: ReadonlyMap<string, Picture>;
}

/** One simulated robot with its task, as reinforcement learning knows environments; many may run side by side. */
export interface RobotEnvironment {
  readonly name: string;
  readonly embodiment: Embodiment;
  readonly options: RobotOptions;
  readonly framesPerSecond: number;
  /** Steps after which an episode counts as failed. */
  readonly stepLimit: number;
  /** Begins an episode: all random numbers in it follow from seed and episode. */
  reset(seed: number, episode: number): void;
  /** The observation now. */
  observe(): SimulatedObservation;
  /** The same without pictures, whose rendering takes most of the time. */
  observeState(): StateObservation;
  /** What its cameras see now, by key, also where observations hold no pictures: for films. */
  show(): ReadonlyMap<string, Picture>;
  /**
   * Carries out a command for one control step; values outside a dof's range are clamped to it.
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
