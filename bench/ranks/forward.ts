import { setTimeout as wait } from "node:timers/promises";
import { type DataType, type HostArray, zeros } from "../../src/graph/host-array.ts";
import { Program } from "../../src/graph/program.ts";
import { errorOutputs, traceObjectives } from "../../src/objective/objective.ts";
import { errorsOutput } from "../../src/objective/traced.ts";
import { conventionsOf, formOf, layoutOf } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { newState } from "../../src/training/begin.ts";
import { Rules } from "../../src/validity/rules.ts";
import { median } from "../turns.ts";

/** The forward pass of a validation on a batch of some rows. */
export type Forward = (rows: number) => Promise<void>;

/** Milliseconds of the forward pass by number of rows. */
export type ForwardTimes = Readonly<Record<string, number>>;

/** Noises and times of each sample: one draw of a small policy is as short as a timer is coarse. */
export const draws = 8;

/** All draws with the recipe's policy on one thread, for batches of each of some sizes; nothing is loaded: inputs are constant. */
export async function computedForward(recipe: Recipe, sizes: readonly number[]): Promise<Forward> {
  const passes = new Map<number, () => Promise<void>>();
  for (const rows of sizes) passes.set(rows, await passOf(recipe, rows));
  return async (rows) => {
    const pass = passes.get(rows);
    if (pass === undefined) throw new RangeError(`forward: expected one of ${sizes.join(", ")} rows, got ${rows}`);
    for (let draw = 0; draw < draws; draw++) await pass();
  };
}

/** A wait in place of computing, as long as was measured. */
export function waitedForward(times: ForwardTimes): Forward {
  return async (rows) => {
    await wait(msOf(times, rows));
  };
}

export function msOf(times: ForwardTimes, rows: number): number {
  const ms = times[rows];
  if (ms === undefined) throw new RangeError(`forward: expected a time of ${rows} rows, got none`);
  return ms;
}

/** Medians over rounds, sizes in turns, in whole milliseconds, which is how finely a process can wait. */
export async function measureForward(forward: Forward, sizes: readonly number[], rounds: number) {
  const times = sizes.map((): number[] => []);
  for (let round = 0; round <= rounds; round++)
    for (const [at, rows] of sizes.entries()) {
      const start = performance.now();
      await forward(rows);
      // The first round touches memory.
      if (round > 0) times[at]!.push(performance.now() - start);
    }
  return Object.fromEntries(sizes.map((rows, at) => [rows, Math.max(1, Math.round(median(times[at]!)))]));
}

async function passOf(recipe: Recipe, rows: number): Promise<() => Promise<void>> {
  const layout = layoutOf(recipe, rows);
  const { unrealInput } = conventionsOf(recipe);
  const { errors, parameters } = traceObjectives({
    form: formOf(recipe),
    layout,
    unrealInput,
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  });
  const program = await Program.compile(errorOutputs({ errors }), { device: "cpu", threads: 1, fixed: new Map() });
  const { parameters: weights } = newState(recipe, parameters);
  const feeds = new Map<string, HostArray<string, DataType>>(
    program.inputs.map((input) => [input.name, weights.get(input.name) ?? constant(input)]),
  );
  const out = errors.map(
    ({ name, cells: { axes, shape } }) => [errorsOutput(name), zeros(axes, shape, "float32")] as const,
  );
  return () => program.run(feeds, new Map(out));
}

/** Everything is real, and every number 0. */
function constant({ shape, type }: InputForm): HostArray<string, DataType> {
  const axes = letters.slice(0, shape.length).join(" ");
  if (type !== "bool") return zeros(axes, shape, type);
  const array = zeros(axes, shape, type);
  array.cells.fill(1);
  return array;
}

/** Programs look at shapes, not at letters. */
const letters = ["b", "t", "d", "s", "v", "n", "e"] as const;

type InputForm = { readonly shape: readonly number[]; readonly type: DataType };
