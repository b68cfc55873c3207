import { actionWindow, type Interpolation, resample, type Window } from "../dataset/chunk.ts";
import type { EpisodeTable } from "../dataset/dataset.ts";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { type ActionFrame, toDelta } from "./delta.ts";
import { type ColumnPart, type Embodiment, type Entry, entryCount } from "./embodiment.ts";

/** An episode in the robot's own units: a vector at each frame. */
export interface Trajectory {
  readonly embodiment: Embodiment;
  readonly framesPerSecond: number;
  readonly actions: HostArray<"i j", "float64">;
  readonly states: HostArray<"i j", "float64">;
}

/** The trajectory of an episode, from the columns that the embodiment names. */
export function trajectory(table: EpisodeTable, embodiment: Embodiment, framesPerSecond: number): Trajectory {
  const { action, state } = embodiment.columns;
  return { embodiment, framesPerSecond, actions: vectors(table, action), states: vectors(table, state) };
}

/** How an action window is read. */
export interface ActionChoice {
  readonly steps: number;
  /** Steps per second; "native" takes the dataset's own frames. */
  readonly rate: number | "native";
  readonly frame: ActionFrame;
  /** What stands in the steps past the episode's end: no number, or a copy of the last action. */
  readonly pastEnd: "nothing" | "last action";
}

/**
 * The actions from a frame on, `[t d]`, by step; in a delta frame relative to the state at that frame.
 *
 * Joints are interpolated, grippers taken from the nearest frame; a step that nothing is written into is not real and holds no number.
 */
export function actionsFrom(trajectory: Trajectory, frame: number, choice: ActionChoice) {
  const { embodiment, framesPerSecond, actions, states } = trajectory;
  const clock = { length: actions.shape[0]!, framesPerSecond };
  const window = actionWindow(clock, frame, { steps: choice.steps, stepsPerSecond: choice.rate });
  const written = choice.pastEnd === "nothing" ? window : heldAtEnd(window, clock.length - 1);
  const { shape, cells } = resample(actions, written, interpolations(embodiment.dofs));
  const values = new HostArray("t d", shape, "float64", cells);
  if (choice.frame === "absolute") return Padded.of(values, written.real);
  const size = states.shape[1]!;
  const current = states.cells.subarray(frame * size, (frame + 1) * size);
  return Padded.of(toDelta(values, current, embodiment.dofs), written.real);
}

/** A window whose steps past the last frame stand at it. */
function heldAtEnd({ positions, real }: Window<"t">, last: number): Window<"t"> {
  return {
    positions: positions.map((position) => Math.min(position, last)),
    real: Validity.complete("t", real.shape),
  };
}

/** The states at the slots of an observation window, `[o s]`, real by slot. */
export function statesAt({ embodiment, states }: Pick<Trajectory, "embodiment" | "states">, window: Window<"o">) {
  const { shape, cells } = resample(states, window, interpolations(embodiment.states));
  return Padded.of(new HostArray("o s", shape, "float64", cells), window.real);
}

function interpolations(entries: readonly Entry[]): Interpolation[] {
  return entries.map(({ kind }) => (kind === "gripper" ? "nearest" : "linear"));
}

/** The vector that column parts make up, at each frame of an episode: `[i j]`, in the robot's own units and order. */
function vectors(table: EpisodeTable, parts: readonly ColumnPart[]): HostArray<"i j", "float64"> {
  const columns = parts.map((part) => ({ column: table.vector(part.key), entries: part.entries }));
  const [first] = columns;
  if (columns.length === 1 && isWhole(first!.entries, first!.column.shape[1]!)) return first!.column;
  const size = entryCount(parts);
  const out = new Float64Array(table.length * size);
  let place = 0;
  for (const { column, entries } of columns)
    for (const entry of entries) {
      const own = column.shape[1]!;
      for (let frame = 0; frame < table.length; frame++) out[frame * size + place] = column.cells[frame * own + entry]!;
      place++;
    }
  return new HostArray("i j", [table.length, size], "float64", out);
}

function isWhole(entries: readonly number[], size: number): boolean {
  return entries.length === size && entries.every((entry, at) => entry === at);
}
