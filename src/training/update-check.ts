import { deviceTolerance } from "../graph/device-check.ts";
import { differenceIn } from "../graph/difference.ts";
import { HostArray } from "../graph/host-array.ts";
import type { Device } from "../graph/runtime/device.ts";
import { InputError } from "../input-error.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import type { AdamW } from "../optimizer/adamw.ts";
import type { Packed } from "../optimizer/packed.ts";
import type { RateChoice } from "../optimizer/rate.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { Updater } from "../optimizer/update.ts";

/** A step of the optimizer on a device. */
export interface DeviceUpdate {
  readonly device: Device;
  readonly threads: number;
  /** What trains. */
  readonly trained: readonly ParameterForm[];
  readonly optimizer: AdamW & RateChoice;
  readonly learningRate: number;
  /** The state before the step, which is used up. */
  readonly before: TrainingState;
  readonly gradient: Packed;
  /** What the device made of it. */
  readonly after: TrainingState;
}

/**
 * Computes the first update on the CPU as well, before a device is believed.
 *
 * @throws InputError that names what differs: weights, moments or averages
 */
export async function checkUpdate({ device, threads, trained, optimizer, ...step }: DeviceUpdate): Promise<void> {
  const { before, gradient, learningRate, after } = step;
  const onCpu = await Updater.compile(trained, optimizer, { device: "cpu", threads });
  try {
    const { state } = await onCpu.step(before, gradient, learningRate);
    for (const [name, right, found] of [
      ["weights", state.trained, after.trained],
      ["means of the gradient", state.first, after.first],
      ["means of its square", state.second, after.second],
      ["averages", state.ema, after.ema],
    ] as const) {
      const difference = right === null || found === null ? 0 : differenceIn(whole(right), whole(found), 0);
      if (difference > deviceTolerance)
        throw new InputError(
          `--device ${device}: expected the ${name} that the CPU's first step leaves, within ${deviceTolerance} of the largest, ` +
            `got them off by ${difference.toPrecision(2)}; take --device cpu`,
        );
    }
  } finally {
    onCpu.release();
  }
}

function whole({ cells }: Packed): HostArray<"i", "float32"> {
  return new HostArray("i", [cells.length], "float32", cells);
}
