import type { Dataset } from "../../dataset/dataset.ts";
import { type MeasuredRows, measure, type Statistics } from "../../dataset/statistics.ts";
import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import { evenlySpaced } from "../../mixture/evenly-spaced.ts";
import { Padded } from "../../validity/padded.ts";
import { Validity } from "../../validity/validity.ts";
import { type EntryJson, entriesJson } from "./listing.ts";
import { type OpenData, openedOf, type ShownDataset } from "./open-data.ts";
import { episodeVectors, type Scale } from "./rows.ts";
import { toldIn } from "./series.ts";

/** How the numbers of one entry lie. */
export interface EntrySummaryJson extends EntryJson {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
  readonly q01: number;
  readonly q99: number;
  /** How many rows lie in each of as many equal parts from `min` to `max`. */
  readonly histogram: readonly number[];
  /** What normalisation takes off and divides recorded numbers by; `null` where there is none. */
  readonly center: number | null;
  /** 0 where the entry never changes. */
  readonly scale: number | null;
}

/** The numbers of a dataset over its episodes. */
export interface DatasetSummaryJson {
  readonly dataset: string;
  readonly scale: Scale;
  /** Episodes that were read, of how many. */
  readonly episodes: { readonly read: number; readonly of: number };
  readonly rows: number;
  readonly actions: readonly EntrySummaryJson[];
  readonly states: readonly EntrySummaryJson[];
  /** Instructions, with the rows that have them. */
  readonly tasks: readonly { readonly text: string | null; readonly rows: number }[];
  /** Episodes that cannot be read, with why. */
  readonly unreadable: readonly { readonly episode: number; readonly message: string }[];
}

/** At most so many episodes are read, evenly spaced. */
const mostEpisodes = 200;
const bins = 40;

/**
 * How the numbers of a dataset lie, entry by entry, and what its rows are told.
 *
 * @throws InputError where no episode can be read or normalised
 */
export async function datasetSummary(
  open: Pick<OpenData, "recipe">,
  shown: ShownDataset,
  scale: Scale,
): Promise<DatasetSummaryJson> {
  const dataset = openedOf(shown);
  const chosen = evenlySpaced(dataset.episodes.length, mostEpisodes).map((at) => dataset.episodes[at]!.index);
  const read = await readEpisodes(open, shown, { dataset, episodes: chosen, scale });
  const { dofs = [], states = [] } = shown.embodiment ?? {};
  return {
    dataset: shown.name,
    scale,
    episodes: { read: read.actions.length, of: dataset.episodes.length },
    rows: read.rows,
    actions: await entrySummaries(read.actions, entriesJson(dofs), shown.units?.action ?? null),
    states: await entrySummaries(read.states, entriesJson(states), shown.units?.state ?? null),
    tasks: [...read.tasks].map(([text, rows]) => ({ text, rows })).sort((one, other) => other.rows - one.rows),
    unreadable: read.unreadable,
  };
}

interface ReadEpisodes {
  readonly actions: ArrayLike<number>[];
  readonly states: ArrayLike<number>[];
  readonly tasks: Map<string | null, number>;
  readonly unreadable: { readonly episode: number; readonly message: string }[];
  rows: number;
}

interface Reading {
  readonly dataset: Dataset;
  readonly episodes: readonly number[];
  readonly scale: Scale;
}

async function readEpisodes(
  open: Pick<OpenData, "recipe">,
  shown: ShownDataset,
  { dataset, episodes, scale }: Reading,
): Promise<ReadEpisodes> {
  const read: ReadEpisodes = { actions: [], states: [], tasks: new Map(), unreadable: [], rows: 0 };
  for (const episode of episodes) {
    try {
      const table = await dataset.table(episode);
      const { actions, states } = episodeVectors(open, shown, { table, scale });
      read.actions.push(actions);
      read.states.push(states);
      read.rows += table.length;
      for (const text of toldIn(table, shown.embodiment)) read.tasks.set(text, (read.tasks.get(text) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      read.unreadable.push({ episode, message: error.message });
    }
  }
  const [first] = read.unreadable;
  if (read.actions.length === 0 && first !== undefined) throw new InputError(first.message);
  return read;
}

async function entrySummaries(
  episodes: readonly ArrayLike<number>[],
  entries: readonly EntryJson[],
  unit: { readonly center: Float64Array; readonly scale: Float64Array } | null,
): Promise<EntrySummaryJson[]> {
  const width = entries.length;
  if (width === 0) return [];
  const found = await measure(
    episodes.map((cells) => rowsOf(cells, width)),
    width,
  );
  return entries.map((entry, at) => ({
    ...entry,
    ...statisticsAt(found, at),
    histogram: histogram(episodes, { width, entry: at, min: found.min[at]!, max: found.max[at]! }),
    center: unit?.center[at] ?? null,
    scale: unit?.scale[at] ?? null,
  }));
}

function statisticsAt({ mean, std, min, max, q01, q99 }: Statistics, at: number) {
  return { mean: mean[at]!, std: std[at]!, min: min[at]!, max: max[at]!, q01: q01[at]!, q99: q99[at]! };
}

function rowsOf(cells: ArrayLike<number>, width: number): MeasuredRows {
  const rows = cells.length / width;
  const values = new HostArray("i j", [rows, width], "float64", Float64Array.from(cells));
  return Padded.of(values, Validity.complete("i", [rows]));
}

interface Bins {
  readonly width: number;
  readonly entry: number;
  readonly min: number;
  readonly max: number;
}

/** An entry that never changes has all its rows in the first part. */
function histogram(episodes: readonly ArrayLike<number>[], { width, entry, min, max }: Bins): number[] {
  const counts = Array<number>(bins).fill(0);
  const share = max > min ? bins / (max - min) : 0;
  for (const cells of episodes)
    for (let at = entry; at < cells.length; at += width)
      counts[Math.min(bins - 1, Math.floor((cells[at]! - min) * share))]!++;
  return counts;
}
