import type { SymbolicArray } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, multiply, negate, offset, subtract } from "../graph/op/elementwise.ts";
import type { Rules } from "../validity/rules.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import type { TimeDirection } from "./time.ts";

/** Where the flow stands. */
export interface FlowInput {
  /** 0 in unreal cells, unless the convention `unrealInput` leaves noise there. */
  readonly noisy: SymbolicArray<"b t d">;
  /** As the policy's `TimeEmbedding` says. */
  readonly timeEmbedding: SymbolicArray<"b t e">;
  /** Steps of a sample may stand at times of their own, since some are given; absent: they stand at one, and any of them says it. */
  readonly times?: "by step" | undefined;
}

/** What stands in the action cells that no robot of the sample has, at the input of the network. */
export const unrealInputs = ["zero", "noise"] as const;

export type UnrealInput = (typeof unrealInputs)[number];

/** A point between noise and actions, and the velocity there. */
export interface FlowPoint {
  readonly noisy: SymbolicArray<"b t d">;
  readonly velocity: SymbolicArray<"b t d">;
}

/** The conventions under which a flow runs. */
export interface FlowConvention {
  readonly timeDirection: TimeDirection;
  readonly unrealInput: UnrealInput;
  readonly rules: Rules;
}

/**
 * The point on the straight way between actions and noise at time `t`, and the velocity with which time goes along it.
 *
 * With `a` the actions and `z` the noise: `x = t·z + (1 − t)·a` and `u = z − a` where noise is at time 1; `x = t·a + (1 − t)·z` and
 * `u = a − z` where it is at time 0. Actions are 0 in unreal cells, and noise is unless the convention `unrealInput` leaves it there;
 * then `x` and `u` are exactly 0 there (OpenTau#345: zeroing the noise alone is not enough, a normalisation may map an absent dim to −1).
 *
 * @param time `[b t]`, in `[0, 1]`; that of data only where the step is given
 * @source openpi `pi0.py` `compute_loss`; π0 § III (arXiv:2410.24164) and GR00T `flow_matching_action_head.py` have time reversed
 */
export function flowPoint(
  actions: SymbolicPadded<"b t d">,
  noise: SymbolicPadded<"b t d">,
  time: SymbolicArray<"b t">,
  convention: FlowConvention,
): FlowPoint {
  const data = actions.selected(0);
  const start = firstNoise(noise, { ...convention, guard: "input-side" });
  return convention.timeDirection === "noise-at-one" ? between(data, start, time) : between(start, data, time);
}

/** The point between what stands at time zero and at time one. */
function between(zero: SymbolicArray<"b t d">, one: SymbolicArray<"b t d">, time: SymbolicArray<"b t">): FlowPoint {
  const share = alignTo(time, one);
  const noisy = add(multiply(share, one), multiply(offset(negate(share), 1), zero));
  return { noisy, velocity: subtract(one, zero) };
}

/**
 * The noise that a flow starts from, in training and at inference alike: 0 in unreal cells.
 *
 * A test changes what stands there in every program that noise goes into: none may read it by itself.
 */
export function firstNoise(
  noise: SymbolicPadded<"b t d">,
  options: {
    readonly unrealInput: UnrealInput;
    readonly rules: Rules;
    readonly guard: "input-side" | "inference-side";
  },
): SymbolicArray<"b t d"> {
  const isSelected = options.unrealInput === "zero" && options.rules.keeps(options.guard);
  return isSelected ? noise.selected(0) : noise.read((values) => values);
}
