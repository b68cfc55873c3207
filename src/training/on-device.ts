import type { DeviceArray } from "../graph/device-array.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { DevicePacked } from "../optimizer/device-packed.ts";
import type { Packed } from "../optimizer/packed.ts";
import type { StateIn, TrainingState } from "../optimizer/state.ts";
import type { RunState } from "./run-state.ts";
import { wholeState } from "./shared-state.ts";
import type { StatePlace } from "./state-place.ts";

type Values = DeviceArray<string, "float32">;

/** In the memory of a card: what trains, its moments and averages, and once for all programs what does not train. */
export class OnDevice implements StatePlace<Values, DevicePacked, DevicePacked> {
  #still: ParameterValues = new Map();
  #stillThere: DevicePacked | null = null;

  /** @throws Error with CUDA's message where the card has not so much memory left */
  taken(state: RunState): StateIn<Values, DevicePacked> {
    const { step, parameters, trained, first, second, ema } = wholeState(state);
    this.#still = new Map([...parameters].filter(([name]) => !trained.has(name)));
    const still = DevicePacked.copyOf(this.#still);
    this.#stillThere = still;
    const there = DevicePacked.copyOf(trained);
    return {
      step,
      parameters: new Map([...parameters.keys()].map((name) => [name, (there.get(name) ?? still.get(name))!])),
      trained: there,
      first: DevicePacked.copyOf(first),
      second: DevicePacked.copyOf(second),
      ema: ema === null ? null : DevicePacked.copyOf(ema),
    };
  }

  /** Every rank updates all parameters on its own card. */
  async complete(): Promise<void> {}

  home({ step, parameters, trained, first, second, ema }: StateIn<Values, DevicePacked>): TrainingState {
    const here = trained.copied();
    return {
      step,
      parameters: new Map([...parameters.keys()].map((name) => [name, (here.get(name) ?? this.#still.get(name))!])),
      trained: here,
      first: first.copied(),
      second: second.copied(),
      ema: ema?.copied() ?? null,
    };
  }

  copied(gradient: DevicePacked): Packed {
    return gradient.copied();
  }

  release({ trained, first, second, ema }: StateIn<Values, DevicePacked>): void {
    for (const packed of [this.#stillThere, trained, first, second, ema]) packed?.release();
  }
}
