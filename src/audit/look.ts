import { nodesBefore } from "../graph/array.ts";
import { cells, letters } from "../graph/axes.ts";

import { type Arrays, type DataType, HostArray, zeros } from "../graph/host-array.ts";

import type { AnyArray } from "../graph/operation.ts";
import { Program } from "../graph/program.ts";
import type { Parameter, ParameterValues, Watched } from "../nn/parameter.ts";
import { actionNoise, sampleKeys } from "../objective/action-noise.ts";
import { flowInputs } from "../objective/flow.ts";
import { traceObjectives } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import type { Setting } from "../objective/traced.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { settingOf, termsOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { weighed } from "../training/global-gradient.ts";
import { differenceOf, magnitude } from "./difference.ts";
import { askedOf, type GlobalBatch, keyedBy, trainedMicros } from "./global-batch.ts";
import type { Output, Outputs, Variation } from "./law.ts";
import { hasRows, joined } from "./rearrange.ts";
import { errorPrefixes } from "./runner.ts";
import { fittedWeights } from "./weight.ts";

/** An array on the way from a batch to loss and actions. */
export interface OnTheWay {
  /** "input": fed to training; "sampling": fed to the sampler; "array": computed. */
  readonly kind: "input" | "sampling" | "array";
  readonly name: string;
}

/** What is compared of the arrays of two global batches. */
export interface Comparison {
  /** "all": raw cells are selected at the door, so whatever comes after is the same in unreal cells too; "real": on both sides. */
  readonly cells: "all" | "real";
  /** Share of an array's largest cell that a difference has to exceed. */
  readonly above: number;
  /** Whether what is fed is compared as well: not where it is what was changed. */
  readonly inputs: boolean;
}

/** An array, and which of its cells exist: over some of its axes. */
interface Seen extends OnTheWay {
  readonly values: Output;
  readonly real: HostArray<string, "bool">;
}

/** The arrays that a variation changes, in the order in which they are computed. */
export async function differingArrays(
  weights: ParameterValues,
  base: GlobalBatch,
  variation: Variation<GlobalBatch>,
  comparison: Comparison,
): Promise<OnTheWay[]> {
  const first = await look(weights, base);
  const others: Seen[][] = [];
  for (const input of variation.inputs) others.push(await look(weights, input));
  const second = brought(others, variation.back);
  return first.flatMap((seen, at) => {
    if (seen.kind !== "array" && !comparison.inputs) return [];
    return differs(seen, second[at]!, comparison) ? [{ kind: seen.kind, name: seen.name }] : [];
  });
}

/** Arrays of several inputs at the places that they have in those of the original. */
function brought(others: readonly Seen[][], back: Variation<GlobalBatch>["back"]): Seen[] {
  const moved = (of: (seen: Seen) => Output) =>
    back(others.map((seen) => new Map(seen.map((each, at) => [`${at}`, of(each)]))));
  const [values, real] = [moved((seen) => seen.values), moved((seen) => seen.real)];
  return others[0]!.map((seen, at) => ({ ...seen, values: values.get(`${at}`)!, real: asBool(real, `${at}`) }));
}

function asBool(outputs: Outputs, name: string): HostArray<string, "bool"> {
  const { axes, shape, cells: bits } = outputs.get(name)!;
  return new HostArray(axes, shape, "bool", Uint8Array.from(bits));
}

function differs(one: Seen, other: Seen, { cells: which, above }: Comparison): boolean {
  const [x, y] = which === "all" ? [one, other] : [compacted(one), compacted(other)];
  const difference = differenceOf(x.values, y.values, which === "all" ? () => true : realOnBothSides(x, y));
  return difference !== null && difference.size > above * magnitude(one.values);
}

/** What is fed, what cells weigh, then everything that is watched in the order in which it is computed; rows of all micro-batches. */
async function look(weights: ParameterValues, whole: GlobalBatch): Promise<Seen[]> {
  const { plan } = whole;
  const own = await weighed(await aloneWorld(), trainedMicros(whole), { terms: termsOf(plan), rules: plan.rules });
  const setting: Setting = { ...settingOf(plan, whole.rows), hidden: "poisonable" };
  const { program, watched, parameters } = await compile(setting, plan.recipe);
  try {
    const parts: Seen[][] = [];
    for (const [at, { micro, weights: cellWeights, feeds }] of own.entries()) {
      const found = watched.map(({ name, array, isReal }): Seen & { values: HostArray<string, "float32"> } => ({
        kind: "array",
        name,
        values: zeros(array.axes, array.shape, "float32"),
        real: zeros(isReal.axes, isReal.shape, "bool"),
      }));
      const fetches = found.flatMap(({ values, real }, place) => [
        [valuesName(place), values] as const,
        [realName(place), real] as const,
      ]);
      const all: Arrays = new Map([...feeds, ...fittedWeights(weights, parameters)]);
      await program.run(onlyInputs(program, all), new Map<string, HostArray<string, DataType>>(fetches));
      const { rowReal } = whole.parts[at]!.batch.facts;
      const asked = askedOf(whole.parts[at]!.batch, whole.asked);
      const noise = actionNoise(asked, sampleKeys(asked, { ...keyedBy(whole), draw: 0 }), setting.unrealInput);
      parts.push([
        ...seenFeeds("input", micro.feeds, rowReal.toArray()),
        ...seenFeeds("sampling", new Map([[flowInputs.noise, noise]]), rowReal.toArray()),
        ...[...cellWeights].map(([name, array]) => complete(`${errorPrefixes.weights}${name}`, array)),
        ...found,
      ]);
    }
    return parts[0]!.map((seen, at) =>
      joinedSeen(
        seen,
        parts.map((part) => part[at]!),
      ),
    );
  } finally {
    program.release();
  }
}

/** Rows of what is fed, those of fillers apart. */
function seenFeeds(kind: OnTheWay["kind"], feeds: Arrays, real: HostArray<"b", "bool">): Seen[] {
  return [...feeds].flatMap(([name, values]) => {
    if (values.type === "int64" || !hasRows(values)) return [];
    return isOutput(values) ? [{ kind, name, values, real }] : [];
  });
}

function isOutput(values: HostArray<string, DataType>): values is Output {
  return values.type !== "int64";
}

function joinedSeen(seen: Seen, parts: readonly Seen[]): Seen {
  if (!hasRows(seen.values)) return seen;
  return { ...seen, values: joined(parts.map(({ values }) => values)), real: joined(parts.map(({ real }) => real)) };
}

interface Looking {
  readonly program: Program;
  readonly watched: readonly Watched[];
  readonly parameters: readonly Parameter[];
}

async function compile(setting: Setting, { device, threads }: Recipe): Promise<Looking> {
  const objective = traceObjectives(setting);
  // The last layer of a prefix is watched to its end, of which nobody reads more than its keys.
  const read = new Set(nodesBefore([objective.loss]));
  const watched = objective.watched
    .filter(({ array }) => read.has(array.node))
    .sort((one, other) => one.array.node.order - other.array.node.order);
  const outputs = watched.flatMap(({ array, isReal }, at) => [
    [valuesName(at), array] as const,
    [realName(at), isReal] as const,
  ]);
  const program = await Program.compile(Object.fromEntries<AnyArray>(outputs), { device, threads, fixed: new Map() });
  return { program, watched, parameters: objective.parameters };
}

function valuesName(at: number): string {
  return `watched.${at}`;
}

function realName(at: number): string {
  return `real.${at}`;
}

function complete(name: string, values: HostArray<string, "float32">): Seen {
  const real = zeros(values.axes, values.shape, "bool");
  real.cells.fill(1);
  return { kind: "array", name, values, real };
}

/** Tokens that exist moved to the front of each row: more padding between them moves none of them. */
function compacted(seen: Seen): Seen {
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
function realOnBothSides(one: Seen, other: Seen): (cell: number) => boolean {
  const isReal = realCells(one);
  if (one.values.shape.join() !== other.values.shape.join()) return isReal;
  const isStillReal = realCells(other);
  return (cell) => isReal(cell) && isStillReal(cell);
}

/** Whether a cell of the values exists. */
function realCells({ values, real }: Seen): (cell: number) => boolean {
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
