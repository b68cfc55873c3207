import { HostArray } from "../graph/host-array.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Chunking } from "../objective/chunking.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import type { PlainError } from "../plain-error.ts";
import type { RobotOptions } from "../simulation/environment.ts";
import type { PlayPlan, Rollout } from "../simulation/rollout.ts";
import type { FoundPolicy } from "./load.ts";
import type { Machine } from "./machine.ts";
import type { AnswerCounts } from "./said.ts";

/** The part of a rollout that one thread runs: plain data. */
export interface RolloutShare {
  readonly policy: FoundPolicy;
  /** `null`: those of its checkpoint. */
  readonly weights: PlainWeights | null;
  /** Index of the robot among the policy's. */
  readonly robot: number;
  /** Name of the simulated robot's design. */
  readonly design: string;
  readonly options: RobotOptions;
  readonly episodes: readonly number[];
  readonly plan: PlayPlan;
  /** Robots side by side. */
  readonly environmentCount: number;
  /** Of the policy's program. */
  readonly rows: number;
  readonly machine: Machine;
  readonly chunking?: Chunking | undefined;
  readonly weightKind?: WeightKind | undefined;
  /** For films. */
  readonly folder: string | null;
  /** One cell, shared by all threads: not 0 where they are to stop. */
  readonly stop: Int32Array;
}

/** What a share's thread has rolled out. */
export interface PlayedShare {
  readonly rollouts: readonly Rollout[];
  /** `null` where the policy says no actions. */
  readonly answers: AnswerCounts | null;
  /** Paths by episode. */
  readonly films: readonly (readonly [episode: number, path: string])[];
  /** Time in which the policy computed actions. */
  readonly policySeconds: number;
}

/** Messages of a thread; it begins its episodes when it receives any message. */
export type FromShare =
  | { readonly kind: "ready" }
  | { readonly kind: "finished"; readonly rollout: Rollout }
  | { readonly kind: "played"; readonly played: PlayedShare }
  | { readonly kind: "failed"; readonly error: PlainError };

/** Weights as plain data: structured clone would drop the class of their arrays. */
export type PlainWeights = readonly {
  readonly name: string;
  readonly axes: string;
  readonly shape: readonly number[];
  readonly cells: Float32Array;
}[];

export function encodeWeights(weights: ParameterValues): PlainWeights {
  return [...weights].map(([name, { axes, shape, cells }]) => ({ name, axes, shape, cells }));
}

export function decodeWeights(weights: PlainWeights): ParameterValues {
  return new Map(
    weights.map(({ name, axes, shape, cells }) => [name, new HostArray(axes, shape, "float32", cells)] as const),
  );
}
