import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { add, multiply, stopGradient, subtract } from "../graph/op/elementwise.ts";
import { select } from "../graph/op/select.ts";
import { slice } from "../graph/op/shape.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import type { TimeDirection } from "./time.ts";

/**
 * Which derivative carries an error of the predicted actions back to where the flow stands: that of the whole prediction, through the
 * policy, or that of its first term alone, as if the velocity were the same everywhere.
 *
 * @source `whole`: Real-Time Chunking (arXiv:2506.07339) eq. 2; `first term`: LeRobot `modeling_rtc.py` `denoise_step`, which computes the
 *   velocity before it asks for gradients
 */
export const guidanceGradients = ["whole", "first term"] as const;

/** How a flow is bent towards actions. */
export interface Guidance {
  readonly kind: "guided";
  /** Real where the flow's own cells are. */
  readonly actions: SymbolicPadded<"b t d">;
  /** `[b t]`, 0 to 1: how strongly each step is held to its actions. */
  readonly held: SymbolicArray<"b t">;
  /** The weight that the correction has at most. */
  readonly greatestWeight: number;
  readonly gradient: (typeof guidanceGradients)[number];
}

/**
 * How much a correction weighs when a share of the way to data is done: `(1 − τ)/τ · ((1 − τ)² + τ²)/(1 − τ)²`, at most `greatest`.
 *
 * @param done τ, in `[0, 1)`
 * @source Real-Time Chunking (arXiv:2506.07339) eq. 3 and 5; LeRobot `modeling_rtc.py` `denoise_step`
 */
export function guidanceWeight(done: number, greatest: number): number {
  const left = 1 - done;
  return Math.min((left / done) * ((left ** 2 + done ** 2) / left ** 2), greatest);
}

/** Of one Euler step: the rest of the way, with the sign of the direction, and what a correction weighs, with the same. */
export interface GuidedTurn {
  readonly ahead: SymbolicArray<"">;
  readonly weight: SymbolicArray<"">;
}

/** A row for each Euler step, `[i e]`: its embedded time, the rest of its way and its weight. */
export function guidedTurns(
  times: Float32Array,
  embedded: HostArray<"i e">,
  { greatestWeight, timeDirection }: Pick<Guidance, "greatestWeight"> & { readonly timeDirection: TimeDirection },
): HostArray<"i e"> {
  const width = embedded.shape[1]!;
  const cells = new Float32Array(times.length * (width + 2));
  for (const [at, time] of times.entries()) {
    const row = cells.subarray(at * (width + 2), (at + 1) * (width + 2));
    row.set(embedded.cells.subarray(at * width, (at + 1) * width));
    const [done, sign] = timeDirection === "noise-at-one" ? [1 - time, -1] : [time, 1];
    row[width] = sign * (1 - done);
    row[width + 1] = sign * guidanceWeight(done, greatestWeight);
  }
  return new HostArray("i e", [times.length, width + 2], "float32", cells);
}

/** The parts of a row of `guidedTurns`. */
export function turnOf(row: SymbolicArray<"e">): GuidedTurn & { readonly time: SymbolicArray<"e"> } {
  const width = sizeOf(row, "e") - 2;
  const single = (at: number) => sum(slice(row, "e", at, at + 1), "");
  return { time: slice(row, "e", 0, width), ahead: single(width), weight: single(width + 1) };
}

/**
 * A velocity, bent so that what it predicts comes nearer to the actions.
 *
 * The prediction is `point + ahead · velocity`; its error, times how strongly each step is held, is carried back to the point.
 *
 * @param velocity at the point, of which it is a function
 */
export function guided(
  point: SymbolicArray<"b t d">,
  velocity: SymbolicArray<"b t d">,
  { ahead, weight }: GuidedTurn,
  { actions, held, gradient: kind }: Guidance,
): SymbolicArray<"b t d"> {
  const predicted = add(point, multiply(alignTo(ahead, velocity), velocity));
  const error = multiply(alignTo(held, point), errorOf(actions, predicted));
  return add(velocity, multiply(alignTo(weight, velocity), carriedBack(kind, error, predicted, point)));
}

function carriedBack(
  kind: Guidance["gradient"],
  error: SymbolicArray<"b t d">,
  predicted: SymbolicArray<"b t d">,
  point: SymbolicArray<"b t d">,
): SymbolicArray<"b t d"> {
  switch (kind) {
    case "first term":
      return error;
    case "whole": {
      const product = sum(multiply(predicted, stopGradient(error)), "");
      return alignTo(gradient(product, [point])[0]!, point);
    }
  }
}

/** 0 in cells that do not exist: noise that stands there under some conventions says nothing about those that do. */
function errorOf(actions: SymbolicPadded<"b t d">, predicted: SymbolicArray<"b t d">): SymbolicArray<"b t d"> {
  return actions.read((values, { isReal }) => select(isReal, subtract(values, predicted), 0));
}
