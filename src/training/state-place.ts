import type { HostArray } from "../graph/host-array.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import type { Packed } from "../optimizer/packed.ts";
import type { PackedGroups, PackedIn } from "../optimizer/packed-in.ts";
import type { StateIn } from "../optimizer/state.ts";
import type { World } from "../ranks/world.ts";
import type { RunAverages, RunMoments, RunState } from "./run-state.ts";
import { shareTrained } from "./shared-state.ts";

/**
 * Where weights, moments and gradients lie from step to step.
 *
 * @typeParam V an array there
 * @typeParam P packed arrays there
 * @typeParam M moments there
 * @typeParam A averages there
 */
export interface StatePlace<
  V extends ProgramArray,
  P extends PackedIn<V, P>,
  M extends PackedGroups<V, M>,
  A extends PackedGroups<V, A> = M,
> {
  /** The state as it lies there; what is given is used up. */
  taken(state: RunState): StateIn<V, P, M, A>;
  /** Brings in, after an update, the parameters that other ranks have updated. */
  complete(world: World, state: StateIn<V, P, M, A>): Promise<void>;
  /** The state in the host's memory; the next step may use it up. */
  home(state: StateIn<V, P, M, A>): RunState;
  /** A gradient in the host's memory. */
  copied(gradient: P): Packed;
  /** Gives the memory back that `taken` took. */
  release(state: StateIn<V, P, M, A>): void;
}

/** In the host's memory, where the state is as it is given. */
export const inHost: StatePlace<HostArray<string, "float32">, Packed, RunMoments, RunAverages> = {
  taken: (state) => state,
  complete: shareTrained,
  home: (state) => state,
  copied: (gradient) => gradient,
  release: () => {},
};
