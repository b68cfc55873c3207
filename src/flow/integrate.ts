import type { SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, scale } from "../graph/op/elementwise.ts";
import { loop } from "../graph/op/loop.ts";
import { select } from "../graph/op/select.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import { type FlowConvention, type FlowInput, firstNoise } from "./path.ts";
import { embedTimes, type TimeDirection, type TimeEmbedding, timeWidth } from "./time.ts";

export interface Integration extends FlowConvention {
  /** Euler steps from noise to data. */
  readonly steps: number;
  readonly embedding: TimeEmbedding;
}

/**
 * Actions at the end of the flow that starts at `noise`, by Euler steps.
 *
 * Unreal cells are selected to 0 before the first step and the velocity in them at each, unless the convention `unrealInput` leaves
 * noise there, as in training.
 *
 * @param velocity of the policy at noisy actions `[b t d]` and embedded time `[b t e]`
 * @source openpi `pi0.py` `sample_actions`
 */
export function integrate(
  noise: SymbolicPadded<"b t d">,
  velocity: (at: FlowInput) => SymbolicArray<"b t d">,
  { steps, embedding, timeDirection, unrealInput, rules }: Integration,
): SymbolicArray<"b t d"> {
  const selects = unrealInput === "zero" && rules.keeps("inference-side");
  const start = firstNoise(noise, { unrealInput, rules, guard: "inference-side" });
  const [b, t] = start.shape;
  const whole = { axes: "b t e", shape: [b!, t!, timeWidth(embedding)], type: "float32" } as const;
  const times = timesOf(timeDirection, steps);
  return loop(start, embeddedTimes(times, embedding), (point, time) => {
    const change = velocity({ noisy: point, timeEmbedding: alignTo(time, whole) });
    const real = selects ? select(noise.valid.isReal, change, 0) : change;
    return add(point, scale(real, timeDirection === "noise-at-one" ? -1 / steps : 1 / steps));
  });
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
