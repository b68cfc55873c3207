import { cells } from "../graph/axes.ts";
import { zeros } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import { initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";

/**
 * Weights to audit a policy by that has not been trained: nothing in them is switched off.
 *
 * A gate or a bias that begins at zero would hide what leaks through it.
 */
export function exercisedWeights(forms: readonly ParameterForm[], seed: number): ParameterValues {
  const initial = initialValues(forms, seed);
  for (const { name, shape } of forms) {
    const noise = stream(seed, "exercised weight", name);
    const { cells: values } = initial.get(name)!;
    const deviation = deviationOf(shape);
    for (let at = 0; at < values.length; at++) values[at]! += deviation * noise.normal(at, 0, 0, 0);
  }
  return initial;
}

/**
 * Weights for parameters that may be larger than those they come from: the cells that both have are kept, others are noise.
 *
 * @throws RangeError if a parameter has no weights
 */
export function fittedWeights(weights: ParameterValues, forms: readonly ParameterForm[]): ParameterValues {
  return new Map(
    forms.map((form) => {
      const own = weights.get(form.name);
      if (own === undefined) throw new RangeError(`audit: expected weights of "${form.name}", got none`);
      return [form.name, own.shape.join() === form.shape.join() ? own : enlarged(own, form)];
    }),
  );
}

type Values = ParameterValues extends ReadonlyMap<string, infer V> ? V : never;

function enlarged(own: Values, { name, axes, shape }: ParameterForm): Values {
  const out = zeros(axes, shape, "float32");
  stream(0, "padded weight", name).fillNormal(out.cells, 0, 0, 0);
  const width = own.shape.at(-1) ?? 1;
  for (let row = 0; row < cells(own.shape) / width; row++) {
    let [rest, at, stride] = [row, 0, shape.at(-1)!];
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      at += (rest % own.shape[axis]!) * stride;
      rest = Math.floor(rest / own.shape[axis]!);
      stride *= shape[axis]!;
    }
    out.cells.set(own.cells.subarray(row * width, (row + 1) * width), at);
  }
  return out;
}

/** Small beside what the parameter begins with, where that is not zero. */
function deviationOf(shape: readonly number[]): number {
  return 0.3 / Math.sqrt(shape.length > 1 ? cells(shape.slice(1)) : 10);
}
