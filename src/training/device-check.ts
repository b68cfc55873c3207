import { withoutBfloat16, withProductsInBfloat16 } from "../graph/bfloat16.ts";
import { differenceIn, distanceIn, largestCell, lengthOf } from "../graph/difference.ts";
import { type Arrays, zerosOfShape } from "../graph/host-array.ts";
import { GraphLowering } from "../graph/lowering.ts";
import type { OnnxGraph } from "../graph/onnx.ts";
import { checkOperators, computeBy, computeOn, type OperatorDifference } from "../graph/operator-check.ts";
import { operatorsOf, type Program } from "../graph/program.ts";
import { InputError } from "../input-error.ts";
import { gradientOutputs } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { GradientProgram, type GradientProgramOptions } from "./global-gradient.ts";

type Machine = GradientProgramOptions["machine"];

/**
 * How far results of a device may be from the CPU's, as a share of the largest cell of a result. Both add float32 in other orders: sums over
 * some thousand terms differ by 1e-5, and a step by a few times that. A wrong operator is off by a tenth or more.
 */
export const deviceTolerance = 1e-3;

/**
 * What a result counts for at least, as a share of the largest of all results: float32 rounds to 6e-8, which is to be within the
 * tolerance. A key's bias has a gradient of zero whatever is computed, and what stands there is what the sums of others were rounded by, 1e-8
 * of the largest. A gradient that is all wrong is found down to 1e-7 of the largest.
 */
export const roundingShare = 1e-4;

/** How results are compared. */
interface Comparison {
  readonly tolerance: number;
  readonly difference: typeof differenceIn;
  readonly size: typeof largestCell;
  /** What the tolerance is a share of. */
  readonly of: string;
}

const ofDevices: Comparison = {
  tolerance: deviceTolerance,
  difference: differenceIn,
  size: largestCell,
  of: "largest cell",
};

/**
 * A number in bfloat16 is off by up to 1/256 of itself. What layers make of that is spread over all cells of a gradient, so lengths are compared: a
 * gradient was off by 0.01 to 0.05 of its length, and by 0.14 where a rectifier of a tiny decoder cuts some rows off
 * (docs/decisions/0019-products-in-bfloat16.md). A mask that is not there was off by more than 1.
 */
const ofBfloat16: Comparison = { tolerance: 0.25, difference: distanceIn, size: lengthOf, of: "length" };

/** Whether programs are computed as those are that others are compared with. */
export function isReference({ device, precision = "float32" }: Machine): boolean {
  return device === "cpu" && precision === "float32";
}

/**
 * Computes one micro-batch's losses and gradients on the CPU in float32 as well, before a device or another precision is believed.
 *
 * @param feeds everything that the gradient program takes
 * @throws InputError that names the outputs that differ most and the first operator that is computed otherwise
 */
export async function checkDevice(own: GradientProgram, options: GradientProgramOptions, feeds: Arrays): Promise<void> {
  const { machine } = options;
  const reference = { ...machine, device: "cpu", precision: "float32" } as const;
  const onCpu = await GradientProgram.compile({ ...options, machine: reference });
  try {
    const [right, found] = [await outputsOf(onCpu.program, feeds), await outputsOf(own.program, feeds)];
    const { tolerance, difference, size, of } = machine.precision === "bf16" ? ofBfloat16 : ofDevices;
    const floor = roundingShare * Math.max(...[...right.values()].map(size));
    const differences = [...right]
      .map(([name, array]) => ({ name, difference: difference(array, found.get(name)!, floor) }))
      .filter(({ difference }) => difference > tolerance)
      .sort((one, other) => other.difference - one.difference);
    if (differences.length === 0) return;
    const [first] = await wrongOperators(own, machine, { feeds, above: tolerance });
    const worst = differences.slice(0, 3).map(({ name, difference }) => `${name} by ${difference.toPrecision(2)}`);
    const { asked, remedy } = wordsOf(machine);
    throw new InputError(
      `${asked}: expected the gradient that the CPU computes in float32, within ${tolerance} of its ${of}, ` +
        `got ${differences.length} of ${right.size} outputs that differ (${worst.join(", ")}); ${cause(first)}: take ${remedy}`,
    );
  } finally {
    onCpu.release();
  }
}

async function wrongOperators(
  { objectives, trained }: GradientProgram,
  machine: Machine,
  { feeds, above }: { readonly feeds: Arrays; readonly above: number },
): Promise<readonly OperatorDifference[]> {
  const outputs = new Map(Object.entries(gradientOutputs(objectives, trained, "nothing")));
  const graph = withoutBfloat16(new GraphLowering(new Map(), operatorsOf(machine)).graph(outputs));
  const inputs: Arrays = new Map(graph.inputs.map(({ name }) => [name, feeds.get(name)!]));
  const { threads } = machine;
  // OpenVINO takes a tenth of a second to compile an operator.
  const alike = machine.precision === "bf16" ? "patterns" : "shapes";
  const alone = { threads, above, alike, tried: new Set<string>() } as const;
  return (await checkOperators(graph, inputs, { ...alone, compute: await computing(machine) })).differing;
}

/** How one operator of a graph is computed where the whole program is. */
async function computing(machine: Machine): Promise<(graph: OnnxGraph, values: Arrays) => Promise<Arrays>> {
  if (machine.precision !== "bf16") return (graph, values) => computeOn(machine, graph, values);
  if (machine.device === "cuda") return (graph, values) => computeOn(machine, withProductsInBfloat16(graph), values);
  const { openOpenvinoSession } = await import("../graph/runtime/openvino/session.ts");
  const options = { threads: machine.threads, lanes: 1, standing: new Map() };
  return (graph, values) => computeBy(openOpenvinoSession(withProductsInBfloat16(graph), options), values);
}

function cause(first: OperatorDifference | undefined): string {
  if (first === undefined) return "each operator alone is computed as on the CPU";
  const shapes = first.inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  return `its ${first.operator} of ${shapes} is wrong by ${first.difference.toPrecision(2)}`;
}

function wordsOf({ device, precision }: Machine): { readonly asked: string; readonly remedy: string } {
  return precision === "bf16"
    ? { asked: "--precision bf16", remedy: "--precision float32" }
    : { asked: `--device ${device}`, remedy: "--device cpu" };
}

async function outputsOf(program: Program, feeds: Arrays): Promise<Arrays> {
  const fetches: Arrays = new Map(program.outputs.map((value) => [value.name, zerosOfShape(value)]));
  await program.run(onlyInputs(program, feeds), fetches);
  return fetches;
}
