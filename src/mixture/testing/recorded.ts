import type { Dataset } from "../../dataset/dataset.ts";
import { generate } from "../../dataset/generated.ts";
import { HostArray } from "../../graph/host-array.ts";

/** Numbers of one column, by episode, frame and entry. */
export type EpisodeRows = readonly (readonly (readonly number[])[])[];

/** A dataset whose numbers a test writes down, and the episodes whose rows were read, in their order. */
export interface RecordedDataset {
  readonly dataset: Dataset;
  readonly reads: readonly number[];
}

/** A dataset of numeric columns at so many frames a second, each frame with the instruction "wave". */
export function recorded(
  name: string,
  columns: Readonly<Record<string, EpisodeRows>>,
  framesPerSecond: number,
): RecordedDataset {
  const features = Object.entries(columns).map(([key, rows]) => {
    return { key, type: "float64", shape: [rows[0]![0]!.length], names: null };
  });
  const episodeLengths = Object.values(columns)[0]!.map((rows) => rows.length);
  const description = { name, robotType: "toy", framesPerSecond, features, episodeLengths, tasks: ["wave"], seed: 1 };
  const generated = generate(description);
  const reads: number[] = [];
  const dataset: Dataset = {
    ...generated,
    table: async (episode) => {
      reads.push(episode);
      const table = await generated.table(episode);
      return {
        ...table,
        vector: (key) => {
          const rows = columns[key]?.[episode];
          if (rows === undefined) return table.vector(key);
          return new HostArray("i j", [rows.length, rows[0]!.length], "float64", Float64Array.from(rows.flat()));
        },
      };
    },
  };
  return { dataset, reads };
}

/** The same dataset with some of its episodes in use. */
export function withEpisodes(dataset: Dataset, indices: readonly number[]): Dataset {
  return { ...dataset, episodes: dataset.episodes.filter(({ index }) => indices.includes(index)) };
}
