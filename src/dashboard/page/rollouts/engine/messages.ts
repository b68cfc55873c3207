import type { TargetArea } from "../../../../simulation/target.ts";

/** What the page asks of the worker in which a robot is simulated and its policy computes. */
export type ToEngine =
  /** First of all. `api`: where the addresses of the robot begin; `seed`: of its first start, `null` for the robot's own. */
  | { readonly kind: "open"; readonly api: string; readonly seed: number | null }
  | { readonly kind: "begin"; readonly seed: number; readonly start: number }
  /** In real time, until it is told to pause. */
  | { readonly kind: "run"; readonly isRunning: boolean }
  | { readonly kind: "step" }
  | { readonly kind: "target"; readonly x: number; readonly y: number }
  /** Puts the target where a camera sees a point of its picture, as shares of it from the left and from the top. */
  | { readonly kind: "point"; readonly camera: string; readonly across: number; readonly down: number }
  /** Starts 0 to `count` of a seed, as fast as they go. */
  | { readonly kind: "starts"; readonly seed: number; readonly count: number };

export type FromEngine =
  | { readonly kind: "ready"; readonly facts: EngineFacts }
  | { readonly kind: "frame"; readonly frame: EngineFrame }
  | { readonly kind: "played"; readonly rollout: PlayedStart }
  | { readonly kind: "failed"; readonly message: string };

/** What is known of a robot once it is there. */
export interface EngineFacts {
  readonly design: string;
  readonly targetArea: TargetArea;
  readonly framesPerSecond: number;
  readonly stepLimit: number;
  readonly dofs: readonly NamedEntry[];
  readonly states: readonly NamedEntry[];
  /** Steps that are carried out of each chunk. */
  readonly execute: number;
  readonly seed: number;
  /** Of the checkpoint. */
  readonly step: number;
}

export interface NamedEntry {
  readonly name: string;
  readonly unit: string;
}

/** One moment of an episode. */
export interface EngineFrame {
  readonly seed: number;
  readonly start: number;
  readonly steps: number;
  readonly pictures: readonly EnginePicture[];
  readonly instruction: string;
  readonly target: readonly [x: number, y: number];
  readonly state: readonly number[];
  /** The chunk that is carried out, by step and dof; empty before the first. */
  readonly chunk: readonly (readonly number[])[];
  /** Step of the episode at which it was asked for. */
  readonly askedAt: number;
  /** How long the policy took for it. */
  readonly policyMs: number;
  /** How it ended, in steps since the target lies where it does; `null` while it goes on. */
  readonly end: { readonly isSuccess: boolean; readonly steps: number } | null;
}

/** A square picture, red, green, blue and alpha of each pixel. */
export interface EnginePicture {
  readonly camera: string;
  readonly side: number;
  readonly cells: Uint8ClampedArray<ArrayBuffer>;
}

/** How a start ended. */
export interface PlayedStart {
  readonly episode: number;
  readonly isSuccess: boolean;
  readonly steps: number;
}
