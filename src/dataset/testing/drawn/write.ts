import { stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { encodeFilm } from "../encode.ts";
import { turnFilm } from "../film.ts";
import { writeTable } from "../small-dataset.ts";
import { type DrawnCamera, type DrawnDataset, type DrawnEpisode, type DrawnFilm, numberIn } from "./drawn-dataset.ts";
import { pixelsOf } from "./numbered-picture.ts";
import { filmPath, tablePath } from "./place.ts";
import { columnsOf } from "./write-columns.ts";
import { writeMetadata } from "./write-metadata.ts";

/** Writes a drawn dataset into an empty folder. It needs node-av. */
export async function writeDrawn(root: string, drawn: DrawnDataset): Promise<void> {
  await writeMetadata(root, drawn);
  await writeTables(root, drawn);
  for (const [at, camera] of drawn.cameras.entries())
    for (const [number, film] of camera.films.entries()) {
      const hasFault = at === 0 && number === 0;
      if (hasFault && drawn.fault === "film missing") continue;
      const path = join(root, filmPath(drawn, camera, film));
      await writeFilm(path, camera, film);
      if (hasFault && drawn.fault === "film cut short") await truncate(path, Math.floor((await stat(path)).size / 2));
    }
}

async function writeFilm(path: string, { style, height, width, tint }: DrawnCamera, film: DrawnFilm): Promise<void> {
  const { quarterTurns, ...how } = style;
  const { timescale, ticks } = film;
  // x265 gives too few pictures to reorder no times.
  const bFrames = ticks.length > how.bFrames + 1 ? how.bFrames : 0;
  await encodeFilm(path, { ...how, bFrames, height, width, timescale, ticks }, (picture) =>
    pixelsOf({ number: numberIn(film, picture), tint }, { height, width }, how.sampling),
  );
  if (quarterTurns !== 0) await turnFilm(path, quarterTurns);
}

/** One table for each episode of v2.1; in v3.0 those of several follow each other in one. */
async function writeTables(root: string, drawn: DrawnDataset): Promise<void> {
  for (const [path, episodes] of Map.groupBy(drawn.episodes, (episode) => tablePath(drawn, episode))) {
    const tables = await Promise.all(episodes.map((episode) => columnsOf(drawn, episode)));
    const columns = (tables[0] ?? []).map(({ name, kind }) => {
      const values = tables.flatMap((table) => table.find((column) => column.name === name)?.values ?? []);
      return { name, kind, values: values.slice(0, values.length - missingRows(drawn, episodes)) };
    });
    await writeTable(join(root, path), columns, drawn.rowGroup);
  }
}

/** Rows that a table lacks at its end. */
function missingRows({ fault, episodes }: DrawnDataset, here: readonly DrawnEpisode[]): number {
  return fault === "rows missing" && here.at(-1) === episodes.at(-1) ? 1 : 0;
}
