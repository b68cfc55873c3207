import { constant, type FloatType, input, type SymbolicArray } from "../array.ts";
import { cells } from "../axes.ts";
import { gradient } from "../gradient.ts";
import type { HostArray } from "../host-array.ts";
import { sum } from "../op/align.ts";
import { multiply } from "../op/elementwise.ts";
import type { AnyArray } from "../operation.ts";
import { Program } from "../program.ts";
import { stream } from "../random.ts";
import { expectClose, expectFinite } from "./close.ts";
import { evaluate, floats, runProgram } from "./evaluate.ts";

/** Declares a float input of a case, in the precision under test, with random values between −1.5 and 1.5. */
export type Declare<D extends FloatType> = <A extends string>(
  name: string,
  axes: A,
  shape: readonly number[],
) => SymbolicArray<A, D>;

/** An expression of float inputs; whatever else it reads are constants. */
export type Case = <D extends FloatType>(float: Declare<D>) => SymbolicArray<string, D>;

/**
 * Holds the gradient of each input against directional central finite differences, in float64.
 *
 * @throws Error if one is further than 1e-6 from them, or nothing depends on an input
 */
export async function checkGradients(name: string, expression: Case): Promise<void> {
  const { outputs, feeds, inputs } = traced(name, "float64", expression);
  const program = await Program.compile(outputs, { device: "cpu", threads: 1, fixed: new Map() });
  try {
    const found = await runProgram(program, feeds);
    for (const input of inputs) {
      const given = feeds.get(input)!;
      for (let draw = 0; draw < 3; draw++) {
        const direction = random(`${name} ${input} direction ${draw}`, "float64", given, 1);
        const along = async (step: number) => {
          const moved = given.cells.map((cell, at) => cell + step * direction.cells[at]!);
          const changed = floats("float64", given.axes, given.shape, moved);
          return (await runProgram(program, new Map([...feeds, [input, changed]])))[lossName]![0]!;
        };
        await checkDirection(`${name}, gradient of ${input}`, found[gradientName(input)]!, direction.cells, along);
      }
    }
  } finally {
    program.release();
  }
}

/**
 * Holds float32 against float64 on the same numbers: value and every gradient.
 *
 * Where float64 has no kernel of the runtime, this is what holds its decomposition against the float32 kernel.
 */
export async function checkPrecisions(name: string, expression: Case): Promise<void> {
  const [single, double] = [traced(name, "float32", expression), traced(name, "float64", expression)];
  const found = await evaluate(single.outputs, { feeds: single.feeds, threads: 1, fixed: new Map() });
  const exact = await evaluate(double.outputs, { feeds: double.feeds, threads: 1, fixed: new Map() });
  for (const [output, cells] of Object.entries(exact)) {
    // The loss is a sum of this tester's own, over cells that cancel.
    if (output === lossName) continue;
    expectFinite(`${name}, ${output}`, cells);
    const size = cells.reduce((largest, cell) => Math.max(largest, Math.abs(cell)), 1);
    expectClose(`${name}, ${output} in float32`, found[output]!, cells, {
      absolute: 5e-6 * size,
      relative: 0,
      because: "kernels of the runtime are within 2e-6 in float32",
    });
  }
}

const lossName = "loss";
const gradientName = (input: string) => `gradient of ${input}`;

function traced<D extends FloatType>(name: string, type: D, expression: Case) {
  const feeds = new Map<string, HostArray<string, D>>();
  const declared: SymbolicArray<string, D>[] = [];
  const float: Declare<D> = (own, axes, shape) => {
    feeds.set(own, random(`${name} ${own}`, type, { axes, shape }, 1.5));
    const array = input(own, axes, shape, type);
    declared.push(array);
    return array;
  };
  const value = expression(float);
  const weight = constant(random(`${name} weight`, type, value, 1));
  const loss = sum<string, D, "">(multiply(value, weight), "");
  const inputs = [...feeds.keys()];
  const gradients = gradient(loss, declared).map((array, at) => [gradientName(inputs[at]!), array] as const);
  const outputs: Record<string, AnyArray> = { value, [lossName]: loss, ...Object.fromEntries(gradients) };
  return { outputs, feeds, inputs };
}

/** Fourth order: `(8 (L(h) − L(−h)) − (L(2h) − L(−2h))) / 12h`, with an error of about 1e-12 at this step. */
async function checkDirection(
  what: string,
  gradient: Float64Array,
  direction: ArrayLike<number>,
  along: (step: number) => Promise<number>,
): Promise<void> {
  const step = 1e-3;
  const near = (await along(step)) - (await along(-step));
  const far = (await along(2 * step)) - (await along(-2 * step));
  const difference = (8 * near - far) / (12 * step);
  const parts = gradient.map((cell, at) => cell * direction[at]!);
  const length = parts.reduce((sum, part) => sum + Math.abs(part), 0);
  if (length === 0) throw new Error(`${what}: expected a gradient, got 0 in every cell`);
  const total = parts.reduce((sum, part) => sum + part, 0);
  expectClose(what, [total], [difference], {
    absolute: 1e-7 * length,
    relative: 1e-6,
    because: "finite differences; parts that cancel leave a little of their own size",
  });
}

/** Uniform numbers within ± `bound`, made from a name; each representable in float32 so that both precisions start from the same. */
function random<A extends string, D extends FloatType>(
  name: string,
  type: D,
  { axes, shape }: { readonly axes: A; readonly shape: readonly number[] },
  bound: number,
): HostArray<A, D> {
  const unit = new Float64Array(cells(shape));
  stream(0, "finite difference", name).fillUniform(unit, 0, 0, 0);
  return floats(
    type,
    axes,
    shape,
    unit.map((cell) => Math.fround(bound * (2 * cell - 1))),
  );
}
