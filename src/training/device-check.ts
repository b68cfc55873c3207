import { differenceIn, largestCell } from "../graph/difference.ts";
import { type Arrays, zerosOfShape } from "../graph/host-array.ts";
import { GraphLowering } from "../graph/lowering.ts";
import { checkOperators, computeOn, type OperatorDifference } from "../graph/operator-check.ts";
import { operatorsOf, type Program } from "../graph/program.ts";
import { InputError } from "../input-error.ts";
import { gradientOutputs } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { GradientProgram, type GradientProgramOptions } from "./global-gradient.ts";

/**
 * How far results of a device may be from the CPU's, as a share of the largest cell of a result. Both add float32 in other orders: sums over
 * some thousand terms differ by 1e-5, and a step by a few times that. A wrong operator is off by a tenth or more.
 */
export const deviceTolerance = 1e-3;

/**
 * What a result's largest cell counts for at least, as a share of the largest of all results: float32 rounds to 6e-8, which is to be within the
 * tolerance. A key's bias has a gradient of zero whatever is computed, and what stands there is what the sums of others were rounded by, 1e-8
 * of the largest. A gradient that is all wrong is found down to 1e-7 of the largest.
 */
export const roundingShare = 1e-4;

/**
 * Computes one micro-batch's losses and gradients on the CPU as well, before a device is believed.
 *
 * @param feeds everything that the gradient program takes
 * @throws InputError that names the outputs that differ most and the first operator that the device computes otherwise
 */
export async function checkDevice(own: GradientProgram, options: GradientProgramOptions, feeds: Arrays): Promise<void> {
  const { device } = options.machine;
  const onCpu = await GradientProgram.compile({ ...options, machine: { ...options.machine, device: "cpu" } });
  try {
    const [right, found] = [await outputsOf(onCpu.program, feeds), await outputsOf(own.program, feeds)];
    const floor = roundingShare * Math.max(...[...right.values()].map(largestCell));
    const differences = [...right]
      .map(([name, array]) => ({ name, difference: differenceIn(array, found.get(name)!, floor) }))
      .filter(({ difference }) => difference > deviceTolerance)
      .sort((one, other) => other.difference - one.difference);
    if (differences.length === 0) return;
    const outputs = new Map(Object.entries(gradientOutputs(own.objectives, own.trained, "nothing")));
    const graph = new GraphLowering(new Map(), operatorsOf(device)).graph(outputs);
    const inputs: Arrays = new Map(graph.inputs.map(({ name }) => [name, feeds.get(name)!]));
    const { differing } = await checkOperators(graph, inputs, {
      threads: options.machine.threads,
      above: deviceTolerance,
      alike: "shapes",
      tried: new Set(),
      compute: (one, values) => computeOn(options.machine, one, values),
    });
    const worst = differences.slice(0, 3).map(({ name, difference }) => `${name} by ${difference.toPrecision(2)}`);
    throw new InputError(
      `--device ${device}: expected the gradient that the CPU computes, within ${deviceTolerance} of its largest cell, ` +
        `got ${differences.length} of ${right.size} outputs that differ (${worst.join(", ")}); ${cause(differing)}`,
    );
  } finally {
    onCpu.release();
  }
}

function cause([first]: readonly OperatorDifference[]): string {
  if (first === undefined) return "each operator alone is computed as on the CPU: take --device cpu";
  const shapes = first.inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  return `its ${first.operator} of ${shapes} is wrong by ${first.difference.toPrecision(2)}: take --device cpu`;
}

async function outputsOf(program: Program, feeds: Arrays): Promise<Arrays> {
  const fetches: Arrays = new Map(program.outputs.map((value) => [value.name, zerosOfShape(value)]));
  await program.run(onlyInputs(program, feeds), fetches);
  return fetches;
}
