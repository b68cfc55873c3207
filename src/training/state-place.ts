import type { HostArray } from "../graph/host-array.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import type { Packed } from "../optimizer/packed.ts";
import type { PackedIn } from "../optimizer/packed-in.ts";
import type { StateIn, TrainingState } from "../optimizer/state.ts";

/**
 * Where weights, moments and gradients lie from step to step.
 *
 * @typeParam V an array there
 * @typeParam P packed arrays there
 */
export interface StatePlace<V extends ProgramArray, P extends PackedIn<V, P>> {
  /** The state as it lies there; what is given is used up. */
  taken(state: TrainingState): StateIn<V, P>;
  /** The state in the host's memory; the next step may use it up. */
  home(state: StateIn<V, P>): TrainingState;
  /** A gradient in the host's memory. */
  copied(gradient: P): Packed;
  /** Gives the memory back that `taken` took. */
  release(state: StateIn<V, P>): void;
}

/** In the host's memory, where the state is as it is given. */
export const inHost: StatePlace<HostArray<string, "float32">, Packed> = {
  taken: (state) => state,
  home: (state) => state,
  copied: (gradient) => gradient,
  release: () => {},
};
