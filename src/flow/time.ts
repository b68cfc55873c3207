import { HostArray } from "../graph/host-array.ts";
import type { Stream } from "../graph/random.ts";
import type { SampleKey } from "./noise.ts";

/**
 * A time of the flow for training: `0.999 · Beta(1.5, 1) + 0.001`, so in `[0.001, 1]`; 1 is noise, 0 is data.
 *
 * @param random a stream named for times
 * @source openpi `pi0.py` `compute_loss`; Beta(1.5, 1) = U^(1/1.5)
 */
export function sampleTime(random: Stream, { frame, episode, draw }: SampleKey): number {
  return 0.999 * random.uniform(0, frame, episode, draw) ** (1 / 1.5) + 0.001;
}

/**
 * Sine and cosine of each time at periods from 0.004 to 4.
 *
 * Made on the host: a runtime's sine depends on the length of the array.
 *
 * @param times `[b t]`, in `[0, 1]`
 * @returns `[b t e]`, sines first
 * @source openpi `pi0.py` `posemb_sincos`, in float64 as the PyTorch port has it
 */
export function embedTime(times: HostArray<"b t">, width: number): HostArray<"b t e"> {
  const half = width / 2;
  const rates = Float64Array.from(
    { length: half },
    (_, at) => (2 * Math.PI) / (shortest * (longest / shortest) ** (at / (half - 1))),
  );
  const values = new Float32Array(times.cells.length * width);
  for (let at = 0; at < times.cells.length; at++)
    for (let rate = 0; rate < half; rate++) {
      const angle = times.cells[at]! * rates[rate]!;
      values[at * width + rate] = Math.sin(angle);
      values[at * width + half + rate] = Math.cos(angle);
    }
  return new HostArray("b t e", [...times.shape, width], "float32", values);
}

const shortest = 4e-3;
const longest = 4;
