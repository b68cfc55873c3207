import type { Dataset } from "../../dataset/dataset.ts";
import { ownUnit } from "../../embodiment/unit.ts";
import { actionsFrom, trajectory } from "../../embodiment/window.ts";
import { evenlySpaced } from "../../mixture/evenly-spaced.ts";
import { loadPlanOf } from "../../recipe/plan.ts";
import { lengthOfEpisode, openedOf, type ShownDataset } from "../data/open-data.ts";
import type { SampledChunk, ShownPolicy } from "./shown-policy.ts";

/** Chunks that the policy gives at one row, beside what was recorded from there on; in the units of the recording. */
export interface ChunksJson {
  readonly dataset: string;
  readonly episode: number;
  readonly row: number;
  /** Of the checkpoint. */
  readonly step: number;
  /** Rows of the recording between two steps of a chunk. */
  readonly rowsPerStep: number;
  readonly dofs: readonly { readonly name: string; readonly unit: string }[];
  /** By draw of noise, dof and step; `null` where the policy says nothing. */
  readonly chunks: readonly (readonly (readonly (number | null)[])[])[];
  /** By dof and step; `null` past the episode's end. */
  readonly recorded: readonly (readonly (number | null)[])[];
}

/** How far chunks lie from what was recorded, over rows of an episode and draws of noise. */
export interface ChunkErrorsJson {
  readonly dataset: string;
  readonly episode: number;
  readonly step: number;
  readonly rowsPerStep: number;
  readonly draws: number;
  /** Where the policy was asked, and what it answered with the first noise: by dof and step. */
  readonly asked: readonly { readonly row: number; readonly chunk: readonly (readonly (number | null)[])[] }[];
  readonly dofs: readonly DofErrorJson[];
  /** By step of the chunk: how many pairs of a chunk and a recorded step are compared. */
  readonly compared: readonly number[];
}

/** The errors of one dof, in the unit of the recording. */
export interface DofErrorJson {
  readonly name: string;
  readonly unit: string;
  /** What normalisation divides by: 0 where the dof never changes. */
  readonly scale: number;
  /** Mean absolute error over all steps; `null` where nothing is compared. */
  readonly error: number | null;
  /** The same by step. */
  readonly byStep: readonly (number | null)[];
  /** Standard deviation over the draws of noise at one row and step, averaged over them; `null` of one draw. */
  readonly spread: number | null;
}

/** What the policy does at a row, for several draws of noise. @throws InputError as `ShownPolicy.sample` */
export async function chunksAt(
  policy: ShownPolicy,
  shown: ShownDataset,
  { episode, row, draws }: { readonly episode: number; readonly row: number; readonly draws: number },
): Promise<ChunksJson> {
  const [chunks = []] = await policy.sample(shown, { episode, rows: [row], draws });
  const recorded = await recordedFrom(policy, openedOf(shown), shown, { episode, row });
  return {
    dataset: shown.name,
    episode,
    row,
    step: policy.found.step,
    rowsPerStep: rowsPerStepOf(policy, shown),
    dofs: dofsOf(shown),
    chunks: chunks.map(byDof),
    recorded: transposed(recorded),
  };
}

/** Errors of chunks at rows that lie evenly over an episode. @throws InputError as `ShownPolicy.sample` */
export async function chunkErrors(
  policy: ShownPolicy,
  shown: ShownDataset,
  { episode, rows: count, draws }: { readonly episode: number; readonly rows: number; readonly draws: number },
): Promise<ChunkErrorsJson> {
  const dataset = openedOf(shown);
  const length = lengthOfEpisode(shown, episode);
  const rows = evenlySpaced(length, count);
  const sampled = await policy.sample(shown, { episode, rows, draws });
  const recorded = await Promise.all(rows.map((row) => recordedFrom(policy, dataset, shown, { episode, row })));
  const { scale } = loadPlanOf(policy.plan).units[policy.plan.mixture.members.indexOf(shown.member!)]!.action;
  const pairs = sampled.map((chunks, at) => ({ chunks, recorded: recorded[at]! }));
  return {
    dataset: shown.name,
    episode,
    step: policy.found.step,
    rowsPerStep: rowsPerStepOf(policy, shown),
    draws,
    asked: rows.map((row, at) => ({ row, chunk: byDof(sampled[at]![0]!) })),
    dofs: dofsOf(shown).map((dof, at) => ({ ...dof, scale: scale[at]!, ...dofErrors(pairs, at) })),
    compared: (recorded[0] ?? []).map((_, step) => draws * recorded.filter((steps) => steps[step] !== null).length),
  };
}

/** A vector for each step of a window; `null` past the episode's end. */
type Recorded = readonly (readonly number[] | null)[];

interface Compared {
  readonly chunks: readonly SampledChunk[];
  readonly recorded: Recorded;
}

async function recordedFrom(
  { plan }: ShownPolicy,
  dataset: Dataset,
  { member }: ShownDataset,
  { episode, row }: { readonly episode: number; readonly row: number },
): Promise<Recorded> {
  const { data, policy } = plan.recipe;
  const path = trajectory(await dataset.table(episode), member!.embodiment, member!.framesPerSecond);
  const choice = { steps: policy.actionHorizon, rate: data.rate, frame: "absolute", pastEnd: "nothing" } as const;
  return actionsFrom(path, row, choice).read(({ cells, shape: [steps = 0, dofs = 0] }, real) =>
    Array.from({ length: steps }, (_, step) =>
      real.isReal(step) ? [...cells.subarray(step * dofs, (step + 1) * dofs)] : null,
    ),
  );
}

function dofErrors(pairs: readonly Compared[], dof: number): Pick<DofErrorJson, "error" | "byStep" | "spread"> {
  const steps = pairs[0]?.recorded.length ?? 0;
  const errorsAt = (step: number) =>
    pairs.flatMap(({ chunks, recorded }) => {
      const own = recorded[step]?.[dof];
      return own === undefined ? [] : valuesAt(chunks, step, dof).map((value) => Math.abs(value - own));
    });
  const byStep = Array.from({ length: steps }, (_, step) => errorsAt(step));
  const spreads = pairs.flatMap(({ chunks }) =>
    Array.from({ length: steps }, (_, step) => deviation(valuesAt(chunks, step, dof))).filter((one) => one !== null),
  );
  return { error: mean(byStep.flat()), byStep: byStep.map(mean), spread: mean(spreads) };
}

/** What the draws say of a step: nothing where an answer ended before. */
function valuesAt(chunks: readonly SampledChunk[], step: number, dof: number): number[] {
  const values = chunks.map(({ cells, shape }) => cells[step * shape[1]! + dof]!);
  return values.filter((value) => Number.isFinite(value));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: divided by one less than the count. */
function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values)!;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function rowsPerStepOf({ plan }: ShownPolicy, { member }: ShownDataset): number {
  const { rate } = plan.recipe.data;
  return rate === "native" ? 1 : member!.framesPerSecond / rate;
}

function dofsOf({ embodiment }: ShownDataset): { readonly name: string; readonly unit: string }[] {
  return (embodiment?.dofs ?? []).map((dof) => ({ name: dof.name, unit: ownUnit(dof) }));
}

function byDof({ cells, shape: [steps = 0, dofs = 0] }: SampledChunk): (number | null)[][] {
  return Array.from({ length: dofs }, (_, dof) =>
    Array.from({ length: steps }, (_, step) => finite(cells[step * dofs + dof]!)),
  );
}

function transposed(steps: Recorded): (number | null)[][] {
  const dofs = steps.find((step) => step !== null)?.length ?? 0;
  return Array.from({ length: dofs }, (_, dof) => steps.map((step) => finite(step?.[dof] ?? Number.NaN)));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}
