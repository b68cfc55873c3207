import type { EpisodeTable } from "../dataset/dataset.ts";
import { HostArray } from "../graph/host-array.ts";
import { type ColumnPart, width } from "./embodiment.ts";

/** The vector that column parts make up, at each frame of an episode: `[i j]`, in the robot's own units and order. */
export function vectors(table: EpisodeTable, parts: readonly ColumnPart[]): HostArray<"i j", "float64"> {
  const columns = parts.map((part) => ({ column: table.vector(part.key), entries: part.entries }));
  const [first] = columns;
  if (columns.length === 1 && isWhole(first!.entries, first!.column.shape[1]!)) return first!.column;
  const size = width(parts);
  const out = new Float64Array(table.length * size);
  let place = 0;
  for (const { column, entries } of columns)
    for (const entry of entries) {
      const own = column.shape[1]!;
      for (let frame = 0; frame < table.length; frame++) out[frame * size + place] = column.cells[frame * own + entry]!;
      place++;
    }
  return new HostArray("i j", [table.length, size], "float64", out);
}

function isWhole(entries: readonly number[], size: number): boolean {
  return entries.length === size && entries.every((entry, at) => entry === at);
}
