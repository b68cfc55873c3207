import type { Dataset, EpisodeTable } from "../../dataset.ts";
import type { DrawnEpisode } from "./drawn-dataset.ts";
import { keyOf } from "./expected.ts";
import { asRefusal, type Drawing, refusalDefects } from "./refusal.ts";
import { drawnRows, instructionsOf } from "./rows.ts";

/** What is read otherwise of the rows of each episode: numbers, to the bit, and instructions. */
export async function compareTables(dataset: Dataset, drawing: Drawing): Promise<string[]> {
  const found: string[] = [];
  const inUse = new Set(dataset.episodes.map(({ index }) => index));
  for (const episode of drawing.drawn.episodes) {
    if (!inUse.has(episode.index)) continue;
    const what = `rows of episode ${episode.index}`;
    const table = await dataset.table(episode.index).catch((error: unknown) => asRefusal(error));
    const { tables, uncertain } = drawing.expected;
    const isRead = typeof table !== "string";
    if (isRead || !uncertain.has(episode.index))
      found.push(...refusalDefects(what, isRead ? null : table, tables.get(episode.index) ?? null));
    if (isRead && !tables.has(episode.index)) found.push(...compareRows(table, episode, drawing));
  }
  return found;
}

function compareRows(table: EpisodeTable, episode: DrawnEpisode, { drawn, expected }: Drawing): string[] {
  const found: string[] = [];
  for (const column of drawn.columns) {
    const what = `column ${column.key} of episode ${episode.index}`;
    const words = expected.columns.get(keyOf(episode.index, column.key)) ?? null;
    const read = readColumn(table, column.key);
    found.push(...refusalDefects(what, typeof read === "string" ? read : null, words));
    if (typeof read === "string" || words !== null) continue;
    const wanted = drawnRows(drawn, episode, column).flat();
    const differing = wanted.findIndex((value, at) => read[at] !== value);
    if (read.length !== wanted.length || differing >= 0)
      found.push(
        `${what}: expected ${wanted[differing]} at ${differing} of ${wanted.length}, got ${read[differing]} of ${read.length}`,
      );
  }
  const instructions = instructionsOf(drawn, episode).join("|");
  if (table.tasks.join("|") !== instructions)
    found.push(`tasks of episode ${episode.index}: expected ${instructions}, got ${table.tasks.join("|")}`);
  return found;
}

function readColumn(table: EpisodeTable, key: string): ArrayLike<number> | string {
  try {
    return table.vector(key).cells;
  } catch (error) {
    return asRefusal(error);
  }
}
