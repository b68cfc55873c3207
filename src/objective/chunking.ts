import type { BatchLayout } from "../batch/layout.ts";
import type { Guidance } from "../flow/guidance.ts";
import type { Carried } from "../flow/integrate.ts";
import { constant, input, type SymbolicArray } from "../graph/array.ts";
import { type HostArray, zeros } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { less } from "../graph/op/select.ts";
import { SymbolicPadded, type SymbolicValidity } from "../validity/symbolic.ts";

/**
 * How strongly steps are held between those that are carried out while the robot waits (1) and the guidance horizon (0).
 *
 * @source LeRobot `RTCAttentionSchedule`; Real-Time Chunking (arXiv:2506.07339) eq. 5 has `exponential`
 */
export const guidanceSchedules = ["linear", "exponential", "ones", "zeros"] as const;

export type GuidanceSchedule = (typeof guidanceSchedules)[number];

/**
 * How a chunk goes on from the one that a robot carries out while it waits (real-time chunking).
 *
 * `frozen`: it begins with the steps that the robot is committed to, as a policy that was trained with `maxDelay` knows them. `guided`:
 * any policy with a flow is bent towards what is left of the chunk before.
 *
 * @source `guided`: Real-Time Chunking (arXiv:2506.07339); LeRobot `policies/rtc/`
 */
export type Chunking =
  | { readonly kind: "frozen" }
  | {
      readonly kind: "guided";
      readonly schedule: GuidanceSchedule;
      /** The weight that a correction has at most. */
      readonly greatestWeight: number;
      /** Steps of the chunk before that are heeded, from now on; `null` for all that are left. */
      readonly horizon: number | null;
      readonly gradient: Guidance["gradient"];
    };

/** What is left of a robot's chunk when it asks for the next, and how many of its steps are past when the answer comes. */
export interface ChunkBefore {
  /** In unit scale and by slot; step 0 is now. */
  readonly actions: HostArray<"t d">;
  readonly delay: number;
}

/** Names of the inputs that a program has where chunks go on from those before them. */
export const chunkInputs = { before: "before", held: "held" } as const;

/** What is left of each row's chunk before. */
export interface BeforeChunk {
  /** In unit scale and by slot. */
  readonly before: SymbolicArray<"b t d">;
  /** How strongly each step is held to it, 0 to 1. */
  readonly held: SymbolicArray<"b t">;
}

/** The same as inputs of a program. */
export function beforeInputs({ rows: b, steps: t, actionWidth: d }: BatchLayout): BeforeChunk {
  return {
    before: input(chunkInputs.before, "b t d", [b, t, d], "float32"),
    held: input(chunkInputs.held, "b t", [b, t], "float32"),
  };
}

/** How a flow goes on from what is left of each row's chunk before. */
export function carriedBy(
  chunking: Chunking,
  { before, held }: BeforeChunk,
  cellReal: SymbolicValidity<"b t d">,
): Carried {
  const actions = SymbolicPadded.of(before, cellReal);
  switch (chunking.kind) {
    case "frozen":
      return { kind: "frozen", actions, isHeld: less(alignTo(constant(zeros("", [], "float32")), held), held) };
    case "guided": {
      const { greatestWeight, gradient } = chunking;
      return { kind: "guided", actions, held, greatestWeight, gradient };
    }
  }
}

/**
 * The values of those inputs; 0 in rows that have no chunk before.
 *
 * @param chunks one per sample, in the order of the rows
 */
export function carriedFeeds(
  chunking: Chunking,
  { rows, steps, actionWidth }: BatchLayout,
  chunks: readonly (ChunkBefore | null)[],
): [string, HostArray<string, "float32">][] {
  const before = zeros("b t d", [rows, steps, actionWidth], "float32");
  const held = zeros("b t", [rows, steps], "float32");
  for (const [row, chunk] of chunks.entries()) {
    if (chunk === null) continue;
    const known = Math.min(steps, chunk.actions.shape[0]!);
    before.cells.set(chunk.actions.cells.subarray(0, known * actionWidth), row * steps * actionWidth);
    for (let step = 0; step < known; step++)
      held.cells[row * steps + step] = heldAt(step, chunking, { delay: chunk.delay, known });
  }
  return [
    [chunkInputs.before, before],
    [chunkInputs.held, held],
  ];
}

/** How strongly a step is held, 0 to 1, where so many steps of the chunk before are known. */
function heldAt(
  step: number,
  chunking: Chunking,
  { delay, known }: { readonly delay: number; readonly known: number },
): number {
  if (chunking.kind === "frozen") return step < delay ? 1 : 0;
  const end = Math.min(chunking.horizon ?? known, known);
  return guidanceAt(step, chunking.schedule, { start: Math.min(delay, end), end });
}

/**
 * How strongly a guided flow is held to the actions of a step: wholly before `start`, not at all from `end` on.
 *
 * @source LeRobot `modeling_rtc.py` `get_prefix_weights`
 */
function guidanceAt(
  step: number,
  schedule: GuidanceSchedule,
  { start, end }: { readonly start: number; readonly end: number },
): number {
  if (step >= end) return 0;
  if (step < start) return 1;
  const linear = (end - step) / (end - start + 1);
  switch (schedule) {
    case "linear":
      return linear;
    case "exponential":
      return (linear * Math.expm1(linear)) / (Math.E - 1);
    case "ones":
      return 1;
    case "zeros":
      return 0;
  }
}
