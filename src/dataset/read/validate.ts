import { join } from "node:path";
import type { Feature, TaskAnnotation } from "../dataset.ts";
import { actionFeatures, featureWidth, isNumeric, stateFeatures } from "../feature.ts";
import { DatasetError, type DatasetNote, type DatasetProblem, distinct, unreadableTable } from "../problem.ts";
import { type Endings, EpisodeEndings, usualChunkSteps } from "./ending.ts";
import { EpisodeFacts } from "./episode-facts.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import { LeRobotDataset } from "./lerobot-dataset.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { instructionColumn, withUndeclared } from "./open.ts";
import { ParquetFile } from "./parquet.ts";
import { type DecodedPictures, PictureCheck, type PictureCount } from "./picture-check.ts";
import { findFiles, type Presence } from "./presence.ts";
import { Recent } from "./recent.ts";
import { readTable, type TableContext } from "./table.ts";
import { openPictureReader } from "./video.ts";

/** What is in a dataset, and everything that is wrong with it. */
export interface DatasetReport {
  readonly name: string;
  /** As the metadata states it; `null` where it does not. Where it cannot be read, nothing else is known. */
  readonly version: string | null;
  readonly robotType: string;
  readonly framesPerSecond: number;
  /** Episodes whose files are here, and their frames. */
  readonly episodes: number;
  readonly frames: number;
  /** Entries of the action and of the state by the usual names of their columns. */
  readonly dofs: number;
  readonly states: number;
  readonly cameras: readonly string[];
  /** Of all cameras. */
  readonly pictures: PictureCount;
  readonly taskColumn: string | null;
  /** Instructions that occur. */
  readonly tasks: readonly string[];
  /** Of the episodes whose files are here; `null` where none has a state or an action that can be read. */
  readonly endings: Endings | null;
  readonly problems: readonly DatasetProblem[];
  readonly notes: readonly DatasetNote[];
}

/** Told after each episode that has been looked at. */
export type Looked = (episodes: number, of: number) => void;

/**
 * Reads every number of a dataset, compares its films with its rows, and decodes pictures of every episode and camera.
 *
 * @param root a folder
 */
export async function inspectDataset(
  root: string,
  name: string,
  looked: Looked,
  decoded: DecodedPictures,
): Promise<DatasetReport> {
  const declared = await readMetadata(root, []);
  if (!("info" in declared)) {
    const { statedVersion: version, problems } = declared;
    return { ...unreadable, name, version, problems };
  }
  const presence = await findFiles(root, declared.info, declared.records);
  const metadata = await withUndeclared(root, declared, presence);
  const problems: DatasetProblem[] = [...metadata.problems, ...metadata.refused.values(), ...presence.problems];
  const taskColumn = instructionsOf(name, metadata, problems);
  const dataset = await withPictures(root, name, metadata, presence);
  const tables = metadata.records.filter((record) => !presence.missing(record).includes(record.table.path));
  const check = tableCheckOf(name, metadata, taskColumn, tables);
  const pictures = await PictureCheck.begin(dataset, presence, metadata.records, decoded);
  const endings = new EpisodeEndings(metadata.info, usualChunkSteps);
  const here = new Set(presence.here);
  try {
    for (const [at, record] of tables.entries()) {
      const { columns, problems: found } = await checkTable(root, record, check);
      problems.push(...found);
      if (here.has(record)) endings.add(record, columns);
      problems.push(...(await pictures.look(record)));
      looked(at + 1, tables.length);
    }
  } finally {
    await dataset.close();
  }
  return {
    ...declaredOf(name, metadata, presence),
    pictures: pictures.count(),
    taskColumn,
    tasks: check.facts.tasks(),
    endings: endings.count(),
    problems: distinct([...problems, ...pictures.problems, ...check.facts.problems()]),
    notes: [...metadata.notes, ...check.facts.notes(), ...pictures.notes],
  };
}

/** What the metadata and the files that are here say, before any of them is looked through. */
function declaredOf(name: string, { info }: Metadata, { here, cameras }: Presence) {
  return {
    name,
    version: info.version,
    robotType: info.robotType,
    framesPerSecond: info.framesPerSecond,
    episodes: here.length,
    frames: here.reduce((sum, record) => sum + record.length, 0),
    dofs: entries(actionFeatures(info)),
    states: entries(stateFeatures(info)),
    cameras,
  };
}

const unreadable: Omit<DatasetReport, "name" | "version" | "problems"> = {
  robotType: "",
  framesPerSecond: 0,
  episodes: 0,
  frames: 0,
  dofs: 0,
  states: 0,
  cameras: [],
  pictures: { decoded: 0, here: 0 },
  taskColumn: null,
  tasks: [],
  endings: null,
  notes: [],
};

async function withPictures(
  root: string,
  name: string,
  metadata: Metadata,
  presence: Presence,
): Promise<LeRobotDataset> {
  return new LeRobotDataset({
    root,
    choice: { name, episodes: "all", taskAnnotation: "none", pictureMemoryBytes: 0 },
    metadata,
    records: metadata.records,
    cameras: presence.cameras,
    absentCameras: presence.absentCameras,
    taskColumn: null,
    problems: [],
    reader: await openPictureReader(),
  });
}

function instructionsOf(name: string, metadata: Metadata, problems: DatasetProblem[]): string | null {
  const taskAnnotation: TaskAnnotation = "declared";
  try {
    return instructionColumn({ name, taskAnnotation }, metadata);
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    problems.push(...error.problems);
    return null;
  }
}

interface TableCheck extends TableContext {
  readonly facts: EpisodeFacts;
  /** The last file stays open: a file of v3.0 holds many episodes. */
  readonly files: Recent<string, ParquetFile>;
  /** Of those whose files are here. */
  readonly episodesIn: (path: string) => readonly number[];
}

function tableCheckOf(
  dataset: string,
  { info, taskTexts }: Metadata,
  taskColumn: string | null,
  tables: readonly EpisodeRecord[],
): TableCheck {
  const files = new Recent<string, ParquetFile>(1, () => {});
  const episodes = Map.groupBy(tables, ({ table }) => table.path);
  const episodesIn = (path: string) => (episodes.get(path) ?? []).map(({ index }) => index);
  return { dataset, features: info.features, taskColumn, taskTexts, facts: new EpisodeFacts(info), files, episodesIn };
}

/** The columns of an episode that can be read, and what is wrong with its table. */
interface CheckedTable {
  readonly columns: ReadonlyMap<string, Float64Array>;
  readonly problems: readonly DatasetProblem[];
}

async function checkTable(root: string, record: EpisodeRecord, context: TableCheck): Promise<CheckedTable> {
  const { path } = record.table;
  let episodes = context.episodesIn(path);
  const columns = new Map<string, Float64Array>();
  try {
    const file = context.files.get(path) ?? (await ParquetFile.open(join(root, path)));
    context.files.set(path, file, 1);
    episodes = [record.index];
    const table = await readTable(file, record, context);
    if (table.problems.some((problem) => problem.code === "wrong-length")) return { columns, problems: table.problems };
    const problems = [...table.problems];
    for (const feature of context.features.values()) {
      if (!isNumeric(feature)) continue;
      const column = table.check(feature.key);
      if (column instanceof Float64Array) columns.set(feature.key, column);
      else problems.push(column);
    }
    return { columns, problems: [...problems, ...context.facts.add(record, columns, table.tasks)] };
  } catch (error) {
    return { columns, problems: [unreadableTable(path, episodes, error)] };
  }
}

function entries(features: readonly Feature[]): number {
  return features.reduce((sum, feature) => sum + featureWidth(feature), 0);
}
