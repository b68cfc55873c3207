import { promptAt } from "../../batch/example.ts";
import type { EpisodeTable } from "../../dataset/dataset.ts";
import type { Embodiment } from "../../embodiment/embodiment.ts";
import { type EntryJson, type EpisodeSide, entriesJson, sideOfEpisode } from "./listing.ts";
import { lengthOfEpisode, type OpenData, openedOf, type ShownDataset } from "./open-data.ts";
import { episodeVectors, type Scale } from "./rows.ts";

/** Curves of a vector: an entry each. */
export interface CurvesJson {
  readonly entries: readonly EntryJson[];
  /** By entry, then by row. */
  readonly values: readonly (readonly number[])[];
}

/** One episode. */
export interface EpisodeSeriesJson {
  readonly dataset: string;
  readonly episode: number;
  readonly side: EpisodeSide;
  /** Rows. */
  readonly length: number;
  readonly framesPerSecond: number;
  /** Number of its first row in the recording: above 0 where idle rows before it are trimmed. */
  readonly firstRow: number;
  readonly scale: Scale;
  /** Instructions, each from the row on where it begins; `null` where there is none. */
  readonly tasks: readonly { readonly row: number; readonly text: string | null }[];
  readonly actions: CurvesJson;
  readonly states: CurvesJson;
}

/**
 * The actions and states of an episode as curves.
 *
 * @throws InputError where there is no such episode, or its rows cannot be read or normalised
 */
export async function episodeSeries(
  open: Pick<OpenData, "recipe">,
  shown: ShownDataset,
  { episode, scale }: { readonly episode: number; readonly scale: Scale },
): Promise<EpisodeSeriesJson> {
  const dataset = openedOf(shown);
  lengthOfEpisode(shown, episode);
  const table = await dataset.table(episode);
  const { actions, states } = episodeVectors(open, shown, { table, scale });
  const span = shown.member?.spans.find((one) => one.episode === episode);
  const { dofs = [], states: entries = [] } = shown.embodiment ?? {};
  return {
    dataset: shown.name,
    episode,
    side: sideOfEpisode(shown, episode),
    length: table.length,
    framesPerSecond: dataset.framesPerSecond,
    firstRow: span?.first ?? 0,
    scale,
    tasks: changesOf(toldIn(table, shown.embodiment)),
    actions: { entries: entriesJson(dofs), values: byEntry(actions, dofs.length) },
    states: { entries: entriesJson(entries), values: byEntry(states, entries.length) },
  };
}

/** The instruction of each row, as a policy is told it. */
export function toldIn(table: EpisodeTable, embodiment: Embodiment | null): readonly (string | null)[] {
  if (embodiment === null) return table.tasks;
  return Array.from({ length: table.length }, (_, row) => promptAt(embodiment, table, row));
}

function changesOf(tasks: readonly (string | null)[]): EpisodeSeriesJson["tasks"] {
  return tasks.flatMap((text, row) => (row > 0 && text === tasks[row - 1] ? [] : [{ row, text }]));
}

/** Columns of a row-major matrix, as exact as float32: recordings hold no more. */
function byEntry(cells: ArrayLike<number>, width: number): number[][] {
  return Array.from({ length: width }, (_, entry) =>
    Array.from({ length: cells.length / width }, (_, row) => rounded(cells[row * width + entry]!)),
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
