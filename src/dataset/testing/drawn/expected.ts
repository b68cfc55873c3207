import {
  type DrawnCamera,
  type DrawnDataset,
  type DrawnEpisode,
  type DrawnFilm,
  isFilmFault,
} from "./drawn-dataset.ts";
import { faultyClip } from "./faulty-film.ts";
import { filmPath, tablePath } from "./place.ts";

/** What a refusal has to name. */
export type Words = readonly string[];

/** What has to become of a dataset beside what its files say. Whatever is not refused has to be read, and to be right. */
export interface Expected {
  readonly opening: Words | null;
  /** Episodes that are left out as files of theirs are missing. */
  readonly leftOut: ReadonlySet<number>;
  /** By episode. */
  readonly tables: ReadonlyMap<number, Words>;
  /** By `keyOf(episode, column)`. */
  readonly columns: ReadonlyMap<string, Words>;
  /** By `keyOf(episode, camera)`. */
  readonly films: ReadonlyMap<string, Words>;
  /** Episodes of which no one can say for certain which rows are theirs: right or refused, never wrong. */
  readonly uncertain: ReadonlySet<number>;
}

/** The row that a fault of rows is in, and the episode by its place: the second. */
export const faultyRow = 2;
export const faultyEpisode = 1;

/** The index that no task has. */
export const unknownTask = 77;

export function keyOf(episode: number, key: string): string {
  return `${episode} ${key}`;
}

/** What is expected of a drawn dataset, from its fault alone. */
export function expectedOf(drawn: DrawnDataset): Expected {
  const nothing: Expected = {
    opening: null,
    leftOut: new Set(),
    tables: new Map(),
    columns: new Map(),
    films: new Map(),
    uncertain: uncertainEpisodes(drawn),
  };
  if (drawn.fault === null) return nothing;
  return isFilmFault(drawn.fault) ? { ...nothing, ...ofFilms(drawn) } : { ...nothing, ...ofRows(drawn) };
}

function ofFilms(drawn: DrawnDataset): Partial<Expected> {
  const camera = drawn.cameras[0];
  const film = camera?.films[0];
  if (camera === undefined || film === undefined) throw new RangeError("expectedOf: a fault of films and no film");
  const listed = film.clips.map(({ episode }) => episode);
  if (drawn.fault === "film missing") return { leftOut: new Set(listed) };
  const { words, episodes } = filmRefusal(drawn, camera, film);
  return { films: new Map(episodes.map((episode) => [keyOf(episode, camera.key), words(episode)])) };
}

/** Which episodes of a film are refused, and in what words. */
function filmRefusal(drawn: DrawnDataset, camera: DrawnCamera, film: DrawnFilm) {
  const path = filmPath(drawn, camera, film);
  const all = film.clips.map(({ episode }) => episode);
  const named = `episode ${all[faultyClip]}`;
  switch (drawn.fault) {
    case "film ends early":
      return {
        episodes: all.slice(-1),
        words: (episode: number) => [path, `rows of episode ${episode}`, "got", "pictures"],
      };
    case "film at another rate":
      return {
        episodes: all,
        words: (episode: number) => [path, `rows of episode ${episode}`, "film ", "/s, info.json "],
      };
    case "clips overlap":
      return { episodes: all.slice(0, 2), words: () => [path, "as well", "overlap"] };
    case "from off the grid":
      return { episodes: all, words: () => [path, named, "from_timestamp is off the film's grid"] };
    case "from past the film":
      return { episodes: all, words: () => [path, `episode ${all[0]}`, "from_timestamp"] };
    case "clips leave pictures out":
      return { episodes: all, words: () => [path, named, "as many pictures as they have rows"] };
    default:
      return { episodes: all, words: () => [path, "fetch it again"] };
  }
}

function ofRows(drawn: DrawnDataset): Partial<Expected> {
  const listed = drawn.episodes;
  const episode = drawn.fault === "rows missing" ? listed.at(-1) : listed[faultyEpisode];
  if (episode === undefined) throw new RangeError("expectedOf: a fault of rows and no episode for it");
  const { index } = episode;
  const at = `frame ${faultyRow} of episode ${index}`;
  const path = tablePath(drawn, episode);
  const table = (...words: string[]) => ({ tables: new Map([[index, words]]) });
  switch (drawn.fault) {
    case "rows missing":
      return table(path, `rows for episode ${index}`);
    case "another episode_index":
      return table(path, `expected episode_index ${index}`, `row ${faultyRow}`);
    case "frame_index from before a trim":
      return table(path, "expected frame_index 0", `of episode ${index}`);
    case "unknown task":
      return table(path, at, String(unknownTask));
    case "task that is not listed":
      return table(path, at, "task_index");
    case "row marked as padding":
      return table(path, 'column "action_is_pad"', at);
    case "rows shifted in the metadata":
      return { ...table(`episode ${index}`, "dataset_from_index"), uncertain: uncertainBeside(drawn, episode) };
    case "null in the metadata":
      return { leftOut: new Set(listed.slice(0, 1).map((each) => each.index)) };
    case "episode listed twice":
      return { opening: [`expected episode ${index} once`] };
    default:
      return { columns: new Map([[keyOf(index, "action"), [path, 'column "action"', at]]]) };
  }
}

/**
 * Tables of v3.0 with rows of an episode that is not listed at their beginning, or at their end where no row says whose it is:
 * the metadata says only how many rows are between two episodes that are listed.
 */
function uncertainEpisodes({ version, episodes, counters }: DrawnDataset): Set<number> {
  if (version !== "v3.0") return new Set();
  const tables = [...Map.groupBy(episodes, ({ table }) => table).values()];
  const isUncertain = (table: readonly DrawnEpisode[]) =>
    table[0]?.isListed === false || (table.at(-1)?.isListed === false && counters.episode_index === null);
  return new Set(tables.filter(isUncertain).flatMap((table) => table.map(({ index }) => index)));
}

/** The others of a table whose first episode is said to begin elsewhere. */
function uncertainBeside({ episodes }: DrawnDataset, { index, table }: DrawnEpisode): Set<number> {
  const beside = episodes.filter((each) => each.table === table);
  return new Set(beside[0]?.index === index ? beside.slice(1).map((each) => each.index) : []);
}
