import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, scale } from "../graph/op/elementwise.ts";
import { loop } from "../graph/op/loop.ts";
import { select, where } from "../graph/op/select.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import { type Guidance, guided, guidedTurns, turnOf } from "./guidance.ts";
import { type FlowConvention, type FlowInput, firstNoise } from "./path.ts";
import { embedTimes, type TimeDirection, type TimeEmbedding, timeOfData, timeWidth } from "./time.ts";

export interface Integration extends FlowConvention {
  /** Euler steps from noise to data. */
  readonly steps: number;
  readonly embedding: TimeEmbedding;
  /** How the chunk goes on from the one before it; absent: it arises by itself. */
  readonly carried?: Carried | undefined;
}

/**
 * What is left of the chunk before, which a robot goes on with while it waits.
 *
 * `frozen`: steps that are held stand at their actions from the first Euler step to the end, at the time of data. `guided`: at each
 * Euler step the velocity is bent towards the actions, as strongly as each step is held.
 */
export type Carried =
  | {
      readonly kind: "frozen";
      readonly actions: SymbolicPadded<"b t d">;
      readonly isHeld: SymbolicArray<"b t", "bool">;
    }
  | Guidance;

type Velocity = (at: FlowInput) => SymbolicArray<"b t d">;

/**
 * Actions at the end of the flow that starts at `noise`, by Euler steps.
 *
 * Unreal cells are selected to 0 before the first step and the velocity in them at each, unless the convention `unrealInput` leaves
 * noise there, as in training.
 *
 * @param velocity of the policy at noisy actions `[b t d]` and embedded time `[b t e]`
 * @source openpi `pi0.py` `sample_actions`; `frozen`: OpenTau `modeling_pi05.py` `sample_actions`
 */
export function integrate(
  noise: SymbolicPadded<"b t d">,
  velocity: Velocity,
  { steps, embedding, carried, ...convention }: Integration,
): SymbolicArray<"b t d"> {
  const { timeDirection, unrealInput, rules } = convention;
  const selects = unrealInput === "zero" && rules.keeps("inference-side");
  const start = firstNoise(noise, { unrealInput, rules, guard: "inference-side" });
  const [b, t] = start.shape;
  const whole = { axes: "b t e", shape: [b!, t!, timeWidth(embedding)], type: "float32" } as const;
  const times = timesOf(timeDirection, steps);
  const embedded = embeddedTimes(times, embedding);
  const real = (change: SymbolicArray<"b t d">) => (selects ? select(noise.valid.isReal, change, 0) : change);
  const moved = (point: SymbolicArray<"b t d">, change: SymbolicArray<"b t d">) =>
    add(point, scale(change, timeDirection === "noise-at-one" ? -1 / steps : 1 / steps));
  const changeAt = (at: FlowInput) => real(velocity(at));
  switch (carried?.kind) {
    case undefined:
      return loop(start, embedded, (point, time) =>
        moved(point, changeAt({ noisy: point, timeEmbedding: alignTo(time, whole) })),
      );
    case "frozen": {
      const held = heldBy(carried);
      const given = alignTo(embeddedData(timeDirection, embedding), whole);
      const isGiven = alignTo(carried.isHeld, { ...whole, type: "bool" });
      return loop(held(start), embedded, (point, time) => {
        const timeEmbedding = where(isGiven, given, alignTo(time, whole));
        return held(moved(point, changeAt({ noisy: point, timeEmbedding, times: "by step" })));
      });
    }
    case "guided": {
      const turns = guidedTurns(times, embedded, { ...carried, timeDirection });
      return loop(start, turns, (point, row) => {
        const { time, ...turn } = turnOf(row);
        const change = changeAt({ noisy: point, timeEmbedding: alignTo(time, whole) });
        return moved(point, guided(point, change, turn, carried));
      });
    }
  }
}

/** Puts the actions that are held into their steps; 0 in cells that do not exist, as everywhere at the time of data. */
function heldBy({ actions, isHeld }: Extract<Carried, { kind: "frozen" }>) {
  const kept = actions.selected(0);
  const isKept = alignTo(isHeld, { axes: "b t d", shape: kept.shape, type: "bool" });
  return (point: SymbolicArray<"b t d">) => where(isKept, kept, point);
}

/** The time of each Euler step, from that of noise on. */
function timesOf(direction: TimeDirection, steps: number): Float32Array {
  return Float32Array.from({ length: steps }, (_, step) =>
    direction === "noise-at-one" ? 1 - step / steps : step / steps,
  );
}

/** `[i e]`: the time of each Euler step. */
function embeddedTimes(times: Float32Array, embedding: TimeEmbedding): HostArray<"i e"> {
  const { cells } = embedTimes(new HostArray("b t", [1, times.length], "float32", times), embedding);
  return new HostArray("i e", [times.length, timeWidth(embedding)], "float32", cells);
}

function embeddedData(direction: TimeDirection, embedding: TimeEmbedding): SymbolicArray<"e"> {
  const { cells } = embeddedTimes(Float32Array.of(timeOfData(direction)), embedding);
  return constant(new HostArray("e", [cells.length], "float32", cells));
}
