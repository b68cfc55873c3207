import type { Batch } from "../../batch/batch.ts";
import { fieldNames } from "../../batch/each.ts";
import { type FieldName, fieldOf } from "../../batch/fields.ts";
import { BatchMaker } from "../../batch/maker.ts";
import { stepRequests } from "../../batch/request.ts";
import type { Entry } from "../../embodiment/embodiment.ts";
import { type Axis, axisNames, letters } from "../../graph/axes.ts";
import { InputError } from "../../input-error.ts";
import { layoutOf, loadPlanOf, type Plan } from "../../recipe/plan.ts";
import { Mean } from "../../validity/mean.ts";
import { computePadding, roomOf } from "./compute.ts";

/** A padded array of the batch, as each sample has it. */
export interface FieldJson {
  readonly name: FieldName;
  /** Axes by which its cells are real or not, without that of the batch, and their sizes. */
  readonly axes: readonly { readonly letter: Axis; readonly name: string; readonly size: number }[];
}

/** A dataset under one control mode, and what it has in the slots of the batch. */
export interface MemberJson {
  readonly dataset: string;
  readonly controlMode: string;
  /** By slot; `null` where it has nothing. */
  readonly dofs: readonly (string | null)[];
  readonly states: readonly (string | null)[];
  /** Views of the policy that it has a camera for; `null` for the others. */
  readonly views: readonly (string | null)[];
}

/** A row of the batch. */
export interface SampleJson {
  /** Index among the members. */
  readonly member: number;
  readonly episode: number;
  readonly row: number;
  /** How often the sample was drawn before. */
  readonly draw: number;
  /** By field: "1" for each cell that is real and "0" for each that is padding, the last axis fastest. */
  readonly real: Readonly<Record<string, string>>;
}

/** How many cells of a field are real in the samples of one member, of how many, and what the others cost. */
export interface ShareJson {
  readonly member: number;
  readonly samples: number;
  readonly fields: Readonly<Record<string, { readonly real: number; readonly cells: number }>>;
  /** Share of what its samples take of a step's matrix products that is spent on what they do not have: see `computePadding`. */
  readonly computePadding: number;
}

/** What is real in a batch of training. */
export interface BatchMapJson {
  readonly step: number;
  readonly steps: number;
  readonly fields: readonly FieldJson[];
  readonly members: readonly MemberJson[];
  readonly samples: readonly SampleJson[];
  /** Rows of its micro-batches that hold no sample. */
  readonly fillerRows: number;
  readonly shares: readonly ShareJson[];
}

/**
 * What is real in the batch that training reads at a step: made by the code that makes it in training, its pictures read as well.
 *
 * @throws InputError where the recipe has no such step, or a sample cannot be read
 */
export async function batchMap(plan: Plan, step: number): Promise<BatchMapJson> {
  const { recipe, mixture } = plan;
  const { steps } = recipe.optimizer;
  if (!Number.isInteger(step) || step < 0 || step >= steps)
    throw new InputError(`batch: expected a step from 0 to ${steps - 1}, got ${step}`);
  const layout = layoutOf(recipe, recipe.batch.microBatch);
  const requests = stepRequests(mixture, layout, recipe.batch.size, step);
  const maker = await BatchMaker.open(loadPlanOf(plan));
  try {
    const batches: Batch[] = [];
    for (const request of requests) batches.push(await maker.make(request));
    const [first] = batches;
    const fields = first === undefined ? [] : fieldsOf(first);
    const draws = requests.map((request) => request.draws);
    const samples = batches.flatMap((batch, at) => samplesOf(batch, fields, draws[at]!));
    return {
      step,
      steps,
      fields,
      members: membersOf(plan),
      samples,
      fillerRows: batches.length * layout.rows - samples.length,
      shares: sharesOf(
        samples,
        computePadding(
          plan,
          draws.flat(),
          samples.map((sample) => roomOf(fields, sample)),
        ),
      ),
    };
  } finally {
    await maker.close();
  }
}

/** Those that the policy's batches have cells of; which robot a row is of is real in every row. */
function fieldsOf(batch: Batch): FieldJson[] {
  return fieldNames.flatMap((name) => {
    const { shape } = batch[name].valid;
    const axes = letters(fieldOf[name].realBy).slice(1);
    const own = axes.map((letter, at) => ({ letter, name: axisNames[letter], size: shape[at + 1]! }));
    return own.length === 0 || own.some(({ size }) => size === 0) ? [] : [{ name, axes: own }];
  });
}

function samplesOf(batch: Batch, fields: readonly FieldJson[], draws: readonly Drawn[]): SampleJson[] {
  return draws.map(({ member, episode, frame, draw }, at) => {
    const real = fields.map(({ name, axes }): [string, string] => {
      const cells = axes.reduce((product, { size }) => product * size, 1);
      return [name, batch[name].valid.bits.subarray(at * cells, (at + 1) * cells).join("")];
    });
    return { member, episode, row: frame, draw, real: Object.fromEntries(real) };
  });
}

interface Drawn {
  readonly member: number;
  readonly episode: number;
  readonly frame: number;
  readonly draw: number;
}

function membersOf({ recipe: { policy }, mixture }: Plan): MemberJson[] {
  return mixture.members.map(({ datasetName, controlModeName, embodiment }) => ({
    dataset: datasetName,
    controlMode: controlModeName,
    dofs: bySlot(embodiment.dofs, policy.actionWidth),
    states: bySlot(embodiment.states, policy.stateWidth),
    views: embodiment.cameras.map(({ view, key }) => (key === null ? null : view)),
  }));
}

function bySlot(entries: readonly Entry[], width: number): (string | null)[] {
  return Array.from({ length: width }, (_, slot) => entries.find((entry) => entry.slot === slot)?.name ?? null);
}

/** @param padding of each sample, of what it takes to compute */
function sharesOf(samples: readonly SampleJson[], padding: readonly number[]): ShareJson[] {
  const groups = [...Map.groupBy(samples.keys(), (at) => samples[at]!.member)].sort(([one], [other]) => one - other);
  return groups.map(([member, places]) => {
    const own = places.map((at) => samples[at]!);
    const names = Object.keys(own[0]?.real ?? {});
    const counted = names.map((name): [string, { real: number; cells: number }] => {
      const bits = own.map(({ real }) => real[name] ?? "");
      const count = (of: (text: string) => number) => bits.reduce((sum, text) => sum + of(text), 0);
      return [name, { real: count((text) => text.replaceAll("0", "").length), cells: count((text) => text.length) }];
    });
    const computed = new Mean(
      places.reduce((sum, at) => sum + padding[at]!, 0),
      places.length,
    );
    return {
      member,
      samples: own.length,
      fields: Object.fromEntries(counted),
      computePadding: computed.value ?? 0,
    };
  });
}
