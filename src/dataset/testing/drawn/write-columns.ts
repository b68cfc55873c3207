import { encodeStill } from "../encode.ts";
import type { FixtureColumn } from "../small-dataset.ts";
import type { DrawnCamera, DrawnColumn, DrawnDataset, DrawnEpisode } from "./drawn-dataset.ts";
import { faultyEpisode, faultyRow, unknownTask } from "./expected.ts";
import { pixelsOf } from "./numbered-picture.ts";
import { drawnRows, storedNumber } from "./rows.ts";

/** The columns of one episode, as its table holds them, with what is wrong with its rows. */
export async function columnsOf(drawn: DrawnDataset, episode: DrawnEpisode): Promise<FixtureColumn[]> {
  const stored = drawn.cameras.filter(({ kind }) => kind !== "film");
  return [
    ...drawn.columns.map((column) => numbersOf(drawn, episode, column)),
    ...countersOf(drawn, episode),
    ...(drawn.tasks.hasColumn ? [taskColumn(drawn, episode)] : []),
    ...(drawn.fault === "row marked as padding" ? [paddingMarks(drawn, episode)] : []),
    ...(await Promise.all(stored.map((camera) => storedPictures(camera, episode)))),
  ];
}

/** The fault of a dataset, in the rows of the episode that has it. */
function faultOf({ fault, episodes }: DrawnDataset, episode: DrawnEpisode): DrawnDataset["fault"] {
  return episodes[faultyEpisode] === episode ? fault : null;
}

function numbersOf(drawn: DrawnDataset, episode: DrawnEpisode, column: DrawnColumn): FixtureColumn {
  const { key: name, kind } = column;
  const rows = drawnRows(drawn, episode, column);
  if (kind === "boolean") return { name, kind, values: rows.map(([value]) => value === 1) };
  if (kind !== "floats" && kind !== "doubles") return { name, kind, values: rows.map(([value]) => value) };
  const fault = name === "action" ? faultOf(drawn, episode) : null;
  const row = rows[faultyRow] ?? [];
  if (fault === "not a number") return { name, kind, values: rows.with(faultyRow, row.with(-1, Number.NaN)) };
  if (fault === "a wider row") return { name, kind, values: rows.with(faultyRow, [...row, 0]) };
  return { name, kind, values: rows };
}

function countersOf(drawn: DrawnDataset, episode: DrawnEpisode): FixtureColumn[] {
  const { counters, episodes } = drawn;
  const { index, length, timestamps } = episode;
  const fault = faultOf(drawn, episode);
  const rows = [...Array(length).keys()];
  const before = episodes.slice(0, episodes.indexOf(episode)).reduce((sum, each) => sum + each.length, 0);
  const trimmed = fault === "frame_index from before a trim" ? 3 : 0;
  const foreign = (row: number) => (fault === "another episode_index" && row === faultyRow ? 1 : 0);
  const column = (name: keyof typeof counters, value: (row: number) => number): FixtureColumn[] => {
    const kind = counters[name];
    return kind === null ? [] : [{ name, kind, values: rows.map(value) }];
  };
  return [
    ...column("timestamp", (row) => timestamps[row] ?? 0),
    ...column("episode_index", (row) => index + foreign(row)),
    ...column("frame_index", (row) => row + trimmed),
    ...column("index", (row) => before + row),
  ];
}

function taskColumn(drawn: DrawnDataset, episode: DrawnEpisode): FixtureColumn {
  const { indexes } = drawn.tasks;
  const values = episode.tasks.map((task) => indexes[task]);
  const row = { name: "task_index", kind: "int64" } as const;
  switch (faultOf(drawn, episode)) {
    case "unknown task":
      return { ...row, values: values.with(faultyRow, unknownTask) };
    case "task that is not listed": {
      const listed = episode.tasks[0] ?? 0;
      const alike = values.map(() => indexes[listed]);
      return { ...row, values: alike.with(faultyRow, indexes[(listed + 1) % indexes.length]) };
    }
    default:
      return { ...row, values };
  }
}

function paddingMarks(drawn: DrawnDataset, episode: DrawnEpisode): FixtureColumn {
  const isMarked = faultOf(drawn, episode) !== null;
  const values = episode.timestamps.map((_, row) => isMarked && row === faultyRow);
  return { name: "action_is_pad", kind: "boolean", values };
}

async function storedPictures(camera: DrawnCamera, episode: DrawnEpisode): Promise<FixtureColumn> {
  const { key: name, kind, height, width, tint } = camera;
  const size = { height, width };
  const [file, sampling] = kind === "jpeg" ? (["jpeg", "4:2:0 full"] as const) : (["png", "rgb"] as const);
  const cells: unknown[] = [];
  for (let row = 0; row < episode.length; row++) {
    const pixels = pixelsOf({ number: storedNumber(episode, row), tint }, size, sampling);
    const bytes = await encodeStill(file, size, pixels);
    cells.push(kind === "png without struct" ? bytes : { bytes, path: null });
  }
  return { name, kind: kind === "png without struct" ? "bytes" : "picture", values: cells };
}
