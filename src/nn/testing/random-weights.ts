import { cells } from "../../graph/axes.ts";
import { HostArray } from "../../graph/host-array.ts";
import { stream } from "../../graph/random.ts";
import type { ParameterForm, ParameterValues } from "../parameter.ts";

/**
 * Values in which no bias is 0 and no gain is 1, so that nothing drops out of a test by chance.
 *
 * Matrices keep the size of what goes through them; vectors lie around what they begin with.
 */
export function randomWeights(forms: readonly ParameterForm[], seed: number): ParameterValues {
  return new Map(forms.map((form) => [form.name, randomWeight(form, seed)]));
}

function randomWeight({ name, axes, shape, initial }: ParameterForm, seed: number): HostArray<string, "float32"> {
  const values = new Float32Array(cells(shape));
  stream(seed, "random weight", name).fillNormal(values, 0, 0, 0);
  const centre = initial.kind === "constant" ? initial.value : 0;
  const deviation = initial.kind === "normal" ? initial.deviation : 0.3;
  return new HostArray(
    axes,
    shape,
    "float32",
    values.map((value) => centre + deviation * value),
  );
}
