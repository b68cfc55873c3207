import { nodesBefore } from "../graph/array.ts";
import { cells, letters } from "../graph/axes.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import type { AnyArray } from "../graph/operation.ts";
import { Program } from "../graph/program.ts";
import { type Parameter, type ParameterValues, Scope, type Watched } from "../nn/parameter.ts";
import { traceObjectivesIn } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { settingOf } from "../recipe/plan.ts";
import { differenceOf, magnitude } from "./difference.ts";
import { fed, type GlobalBatch } from "./global-batch.ts";
import { errorPrefixes } from "./runner.ts";
import { fittedWeights } from "./weight.ts";

/** An array on the way from inputs to the loss, and which of its cells exist. */
export interface IntermediateArray {
  readonly name: string;
  readonly values: HostArray<string, "float32">;
  /** Over some of its axes. */
  readonly real: HostArray<string, "bool">;
}

/** Which cells of what was seen are the same on both sides. */
export interface Comparison {
  /** "all": raw cells are selected at the door, so whatever comes after is the same in unreal cells too; "real": on both sides. */
  readonly cells: "all" | "real";
  /** Share of an array's largest cell that a difference has to exceed. */
  readonly above: number;
}

/** The watched arrays that differ between two global batches of one micro-batch each, in the order of computation. */
export async function differingArrays(
  weights: ParameterValues,
  one: GlobalBatch,
  other: GlobalBatch,
  comparison: Comparison,
): Promise<string[]> {
  const [first, second] = [await look(weights, one), await look(weights, other)];
  return first.flatMap((seen, at) => (differs(seen, second[at]!, comparison) ? [seen.name] : []));
}

function differs(one: IntermediateArray, other: IntermediateArray, { cells: which, above }: Comparison): boolean {
  const [x, y] = which === "all" ? [one, other] : [compacted(one), compacted(other)];
  const difference = differenceOf(x.values, y.values, which === "all" ? () => true : realOnBothSides(x, y));
  return difference !== null && difference.size > above * magnitude(one.values);
}

/** Everything that is watched, in the order in which it is computed; what follows from masks alone comes first. */
async function look(weights: ParameterValues, whole: GlobalBatch): Promise<IntermediateArray[]> {
  const [only, ...more] = fed(whole);
  if (only === undefined || more.length > 0)
    throw new RangeError(`look: expected one micro-batch, got ${whole.parts.length}`);
  const { program, watched, parameters } = await compile(whole);
  try {
    const found = watched.map(({ name, array, isReal }) => ({
      name,
      values: zeros(array.axes, array.shape, "float32"),
      real: zeros(isReal.axes, isReal.shape, "bool"),
    }));
    const feeds = new Map([...only.feeds, ...fittedWeights(weights, parameters)]);
    const fetches = found.flatMap(({ values, real }, at) => [
      [valuesName(at), values] as const,
      [realName(at), real] as const,
    ]);
    await program.run(onlyInputs(program, feeds), new Map<string, HostArray<string, DataType>>(fetches));
    const ofCells = [...only.cellWeights].map(([name, array]) => complete(`${errorPrefixes.weights}${name}`, array));
    return [...ofCells, ...found];
  } finally {
    program.release();
  }
}

interface Looking {
  readonly program: Program;
  readonly watched: readonly Watched[];
  readonly parameters: readonly Parameter[];
}

async function compile({ plan, rows }: GlobalBatch): Promise<Looking> {
  const objective = traceObjectivesIn(Scope.poisonable(plan.rules), settingOf(plan, rows));
  // The last layer of a prefix is watched to its end, of which nobody reads more than its keys.
  const read = new Set(nodesBefore([objective.loss]));
  const watched = objective.watched
    .filter(({ array }) => read.has(array.node))
    .sort((one, other) => one.array.node.order - other.array.node.order);
  const outputs = watched.flatMap(({ array, isReal }, at) => [
    [valuesName(at), array] as const,
    [realName(at), isReal] as const,
  ]);
  const { device, threads } = plan.recipe;
  const program = await Program.compile(Object.fromEntries<AnyArray>(outputs), { device, threads, fixed: new Map() });
  return { program, watched, parameters: objective.parameters };
}

function valuesName(at: number): string {
  return `watched.${at}`;
}

function realName(at: number): string {
  return `real.${at}`;
}

function complete(name: string, values: HostArray<string, "float32">): IntermediateArray {
  const real = zeros(values.axes, values.shape, "bool");
  real.cells.fill(1);
  return { name, values, real };
}

/** Tokens that exist moved to the front of each row: more padding between them moves none of them. */
function compacted(seen: IntermediateArray): IntermediateArray {
  const { values, real } = seen;
  if (real.axes !== "b n" || !values.axes.startsWith("b n")) return seen;
  const [rows = 0, tokens = 0] = real.shape;
  const run = cells(values.shape.slice(2));
  const out = { ...seen, values: zeros(values.axes, values.shape, "float32"), real: zeros("b n", real.shape, "bool") };
  for (let row = 0; row < rows; row++) {
    let place = row * tokens;
    for (let at = row * tokens; at < (row + 1) * tokens; at++) {
      if (real.cells[at] === 0) continue;
      out.values.cells.set(values.cells.subarray(at * run, (at + 1) * run), place * run);
      out.real.cells[place++] = 1;
    }
  }
  return out;
}

/** What exists in the first exists where there is more padding as well; in a layout of the same size steps may be gone. */
function realOnBothSides(one: IntermediateArray, other: IntermediateArray): (cell: number) => boolean {
  const isReal = realCells(one);
  if (one.values.shape.join() !== other.values.shape.join()) return isReal;
  const isStillReal = realCells(other);
  return (cell) => isReal(cell) && isStillReal(cell);
}

/** Whether a cell of the values exists. */
function realCells({ values, real }: IntermediateArray): (cell: number) => boolean {
  const own: string[] = letters(values.axes);
  const strides = letters(real.axes).map((letter, axis) => {
    const at = own.indexOf(letter);
    return {
      inner: cells(values.shape.slice(at + 1)),
      size: values.shape[at]!,
      outer: cells(real.shape.slice(axis + 1)),
    };
  });
  return (cell) => {
    const place = strides.reduce((sum, { inner, size, outer }) => sum + (Math.floor(cell / inner) % size) * outer, 0);
    return real.cells[place] === 1;
  };
}
