import type { HostArray } from "../graph/host-array.ts";
import type { NarrowMoments } from "../optimizer/narrow-moments.ts";
import type { Packed } from "../optimizer/packed.ts";
import type { PackedShare } from "../optimizer/packed-share.ts";
import type { StateIn } from "../optimizer/state.ts";

/** Averages, whole or a rank's share. */
export type RunAverages = Packed | PackedShare;

/** Moments, likewise, in float32 or in fewer bits. */
export type RunMoments = RunAverages | NarrowMoments;

/**
 * A state of training at one of so many ranks. Where there are several, each keeps moments and averages of its share of the parameters'
 * groups, and updates those (docs/decisions/0021-moments-are-divided.md).
 */
export type RunState = StateIn<HostArray<string, "float32">, Packed, RunMoments, RunAverages>;
