import type { SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, scale } from "../graph/op/elementwise.ts";
import { loop } from "../graph/op/loop.ts";
import { select } from "../graph/op/select.ts";
import type { FlowInput } from "../policy/policy.ts";
import type { Rules } from "../validity/rules.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import { firstNoise, type UnrealInput } from "./path.ts";
import { embedTime } from "./time.ts";

export interface Integration {
  /** Euler steps from `t = 1` to `t = 0`. */
  readonly steps: number;
  /** Width of the time's embedding. */
  readonly timeWidth: number;
  readonly unrealInput: UnrealInput;
  readonly rules: Rules;
}

/**
 * Actions at the end of the flow that starts at `noise`, by Euler steps.
 *
 * Unreal cells are selected to 0 before the first step and the velocity in them at each, as in training.
 *
 * @param velocity of the policy at noisy actions `[b t d]` and embedded time `[b t e]`
 * @source openpi `pi0.py` `sample_actions`
 */
export function integrate(
  noise: SymbolicPadded<"b t d">,
  velocity: (at: FlowInput) => SymbolicArray<"b t d">,
  { steps, timeWidth, unrealInput, rules }: Integration,
): SymbolicArray<"b t d"> {
  const selects = unrealInput === "zero" && rules.keeps("inference-side");
  const start = firstNoise(noise, { unrealInput, rules, guard: "inference-side" });
  const [b, t] = start.shape;
  const embedded = { axes: "b t e", shape: [b!, t!, timeWidth], type: "float32" } as const;
  return loop(start, embeddedTimes(steps, timeWidth), (point, time) => {
    const change = velocity({ noisy: point, timeEmbedding: alignTo(time, embedded) });
    const real = selects ? select(noise.valid.isReal, change, 0) : change;
    return add(point, scale(real, -1 / steps));
  });
}

/** `[i e]`: the time at each Euler step, from 1 on. */
function embeddedTimes(steps: number, timeWidth: number): HostArray<"i e"> {
  const times = Float32Array.from({ length: steps }, (_, step) => 1 - step / steps);
  const { cells } = embedTime(new HostArray("b t", [1, steps], "float32", times), timeWidth);
  return new HostArray("i e", [steps, timeWidth], "float32", cells);
}
