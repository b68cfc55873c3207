import type { Chance } from "./chance.ts";
import type { RobotOptions } from "./environment.ts";
import type { PhysicsWorld, Vector } from "./physics.ts";
import type { TargetArea } from "./target.ts";

/** An entry of a robot's state. */
export interface DesignedEntry {
  readonly name: string;
  readonly unit: string;
  readonly part: string;
  readonly kind: "continuous" | "gripper";
}

/** A degree of freedom: what can be commanded of it. */
export interface DesignedDof extends DesignedEntry {
  readonly low: number;
  readonly high: number;
  /** The most that the expert moves it in one control step, in its own unit; disturbances are in proportion to it. */
  readonly move: number;
}

/** A kind of robot and its task, of which `createRobot` makes simulations. */
export interface Design {
  readonly name: string;
  /** What it is and what it does, in a few words. */
  readonly summary: string;
  readonly controlMode: "joint" | "ee" | "joint-velocity";
  readonly framesPerSecond: number;
  readonly stepLimit: number;
  /** Steps in a row for which the goal has to hold. */
  readonly holdSteps: number;
  readonly dofs: readonly DesignedDof[];
  readonly states: readonly DesignedEntry[];
  /** Entries that are added to the state where observations have no pictures: where the objects of the task are. */
  readonly goals: readonly DesignedEntry[];
  /** Where its target may be put while it acts. */
  readonly targetArea: TargetArea;
  /** Cameras of the model, by name. */
  readonly cameras: readonly string[];
  readonly defaults: RobotOptions;
  /** More things of other colours there is no room for, or no colour. */
  readonly mostDistractors: number;
  readonly mjcf: (options: RobotOptions) => string;
  readonly stage: (world: PhysicsWorld, options: RobotOptions) => Stage;
}

/** A design in a simulated world: how its episodes begin, go on and succeed. */
export interface Stage {
  /** Puts everything in its place and returns the instruction. */
  begin(chance: Chance): string;
  /** In the order of the design's states. */
  state(): readonly number[];
  /** In the order of the design's goals. */
  goal(): readonly number[];
  /** Where the target lies: what the robot is to reach, or where it is to bring something. */
  target(): Vector;
  /** Puts the target elsewhere on the table. */
  moveTarget(to: Vector): void;
  /** Sends a command, one value per dof and within range, to the motors. */
  command(action: readonly number[]): void;
  /** Whether the goal is reached at this moment. */
  isReached(): boolean;
  /** An expert for the episode that has begun: each call gives the command for the next step. */
  expert(chance: Chance): () => readonly number[];
}
