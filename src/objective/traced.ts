import type { BatchLayout } from "../batch/layout.ts";
import type { UnrealInput } from "../flow/path.ts";
import type { SymbolicArray } from "../graph/array.ts";
import type { Arrays } from "../graph/host-array.ts";
import type { CellCounts, WeightAxes } from "../loss/reduction.ts";
import type { Trains } from "../nn/parameter.ts";
import type { Perceived } from "../policy/head/perceived.ts";
import type { Observation, PictureType } from "../policy/inputs.ts";
import type { PolicyForm } from "../policy/policy.ts";
import type { Rules } from "../validity/rules.ts";
import type { BeforeChunk, Chunking } from "./chunking.ts";

/** A policy on batches of one layout, under the conventions that its weights have. */
export interface Setting {
  readonly form: PolicyForm;
  readonly layout: BatchLayout;
  readonly unrealInput: UnrealInput;
  readonly rules: Rules;
  /** "poisonable", for the audit: the programs have one more input, `hiddenPoison`, and with 0 in it compute what they otherwise do. */
  readonly hidden: "plain" | "poisonable";
  readonly pictures: PictureType;
  /** How sampled chunks go on from those before them; absent: each arises by itself. */
  readonly chunking?: Chunking | undefined;
  /** Which parameters train, where a gradient is taken; absent: any may. */
  readonly trains?: Trains | undefined;
}

/** Errors of one objective, by cell: 0 where nothing teaches. */
export interface TracedErrors {
  /** "velocity", "tokens": names terms, inputs and outputs. */
  readonly name: string;
  readonly cells: SymbolicArray<string>;
  /** The same, summed over all that shares a weight: `[b d]` or `[b]`. */
  readonly sums: SymbolicArray<WeightAxes>;
}

/** What every objective of a policy reads: computed once. */
export interface TracedPolicy {
  readonly observation: Observation;
  readonly perceived: Perceived;
  /** What chunks go on from, where that is no input of the program as a batch has it. */
  readonly before?: BeforeChunk | undefined;
}

/** What one objective adds to a micro-batch: inputs of the programs, and how many cells of its errors teach. */
export interface ObjectiveFeeds {
  readonly feeds: Arrays;
  readonly counts: CellCounts;
}

/** Name of the program's input that says what each cell of some errors weighs. */
export function weightsInput(errors: string): string {
  return `weights.${errors}`;
}

/** Name of the program's input that says which cells of some errors teach. */
export function teachesInput(errors: string): string {
  return `teaches.${errors}`;
}

/** Name that an audit gives to some errors, by cell. */
export function errorsArray(errors: string): string {
  return `loss.${errors}`;
}

/** Name of the program's output that holds some errors, by cell or summed. */
export function errorsOutput(errors: string): string {
  return `errors.${errors}`;
}
