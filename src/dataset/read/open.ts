import type { Dataset, DatasetChoice } from "../dataset.ts";
import { depthType } from "../feature.ts";
import { DatasetError, type DatasetProblem, reason } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import { resolveRoot } from "./hub.ts";
import { onlyTask } from "./instruction.ts";
import { LeRobotDataset } from "./lerobot-dataset.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import type { PictureReader } from "./picture-reader.ts";
import { findFiles, type Presence } from "./presence.ts";
import { taskColumn } from "./task.ts";
import { undeclaredColumns } from "./undeclared.ts";
import { openPictureReader } from "./video.ts";

/**
 * A LeRobot dataset (v2.0, v2.1 or v3.0), opened for reading.
 *
 * @param location a folder, or `hf://owner/name[@revision]`, which is fetched into the cache first
 * @throws DatasetError with everything that keeps the choice from being read; what does not is in `problems`
 */
export async function openDataset(location: string, choice: DatasetChoice): Promise<Dataset> {
  return await openDatasetWith(location, choice, await openPictureReader());
}

/** The same with a decoder of one's own choice, which the dataset closes. */
export async function openDatasetWith(
  location: string,
  choice: DatasetChoice,
  reader: PictureReader,
): Promise<Dataset> {
  const root = await resolveRoot(location, () => {});
  const declared = await readMetadata(root, Object.keys(choice.depth ?? {}));
  if (!("info" in declared)) throw new DatasetError(choice.name, declared.problems);
  const presence = await findFiles(root, declared.info, declared.records);
  const metadata = await withUndeclared(root, declared, presence);
  const column = instructionColumn(choice, metadata);
  const unread = metadata.problems.filter((problem) => isInTheWay(problem, choice, column));
  if (unread.length > 0) throw new DatasetError(choice.name, unread);
  const records = chosen(choice, metadata, presence);
  return new LeRobotDataset({
    root,
    choice,
    metadata,
    records,
    cameras: [...presence.cameras, ...depthCameras(choice, metadata)],
    absentCameras: presence.absentCameras,
    taskColumn: column,
    problems: [...metadata.problems, ...metadata.refused.values(), ...presence.problems],
    reader,
  });
}

/**
 * The depth cameras that are read and have their pictures in tables: those with films are there where files of them are.
 *
 * @throws DatasetError where a key is none of a depth camera, or its range is none
 */
function depthCameras({ name, depth = {} }: DatasetChoice, { info }: Metadata): string[] {
  const known = info.depthCameras;
  const problems = Object.entries(depth).flatMap(([key, { near, far }]): DatasetProblem[] => {
    const path = `depth "${key}"`;
    const code = "malformed-metadata";
    if (!known.includes(key))
      return [{ code, path, message: `expected a depth camera of ${known.join(", ") || "none"}, got "${key}"` }];
    const message = `expected a nearest distance below the furthest, got ${near} and ${far}`;
    return near < far ? [] : [{ code, path, message }];
  });
  if (problems.length > 0) throw new DatasetError(name, problems);
  return Object.keys(depth).filter((key) => info.features.get(key)?.type === depthType);
}

/** Metadata with the columns that its tables hold beside those that it declares. */
export async function withUndeclared(root: string, metadata: Metadata, presence: Presence): Promise<Metadata> {
  const { info, records } = metadata;
  const tables = records.filter((record) => !presence.missing(record).includes(record.table.path));
  const { features, notes } = await undeclaredColumns(root, info.features, tables, presence.absentCameras);
  const all = new Map([...info.features, ...features.map((feature) => [feature.key, feature] as const)]);
  return { ...metadata, info: { ...info, features: all }, notes: [...metadata.notes, ...notes] };
}

/** Whether metadata that is missing or malformed says something that the choice needs: nothing is guessed in its place. */
function isInTheWay({ code, path }: DatasetProblem, { taskAnnotation }: DatasetChoice, column: string | null): boolean {
  if (code === "wrong-count" || code === "empty-task") return false;
  if (path.startsWith("meta/tasks.")) return column !== null;
  // Parts of vectors and names of cameras are used by suggestions alone.
  if (/^meta\/modality\.json (action|state|video)\./.test(path)) return false;
  return path.startsWith("meta/modality.json") ? taskAnnotation === "declared" : true;
}

/**
 * The column of instructions that a choice comes to; where rows have none, `task_index` says as much if each episode has one task.
 *
 * @throws DatasetError where several annotations are task descriptions
 */
export function instructionColumn(
  { name, taskAnnotation }: Pick<DatasetChoice, "name" | "taskAnnotation">,
  { modality, info, records, taskTexts }: Metadata,
): string | null {
  try {
    const column = taskColumn(taskAnnotation, modality.annotations, new Set(info.features.keys()));
    if (column !== null || taskAnnotation === "none") return column;
    return records.every((record) => onlyTask(record, taskTexts) !== null) ? "task_index" : null;
  } catch (error) {
    throw new DatasetError(name, [{ code: "malformed-metadata", path: "meta/modality.json", message: reason(error) }]);
  }
}

function chosen(choice: DatasetChoice, metadata: Metadata, presence: Presence): readonly EpisodeRecord[] {
  if (choice.episodes === "all") {
    if (presence.here.length === 0)
      throw new DatasetError(choice.name, [...metadata.refused.values(), ...presence.problems]);
    return presence.here;
  }
  const byIndex = new Map(metadata.records.map((record) => [record.index, record]));
  const problems: DatasetProblem[] = [];
  const records: EpisodeRecord[] = [];
  for (const index of [...new Set(choice.episodes)].sort((one, other) => one - other)) {
    const record = byIndex.get(index);
    const refused = metadata.refused.get(index);
    if (record === undefined && refused !== undefined) problems.push(refused);
    else if (record === undefined)
      problems.push({
        code: "unlisted-episode",
        path: "meta",
        message: `expected episode ${index}, which is not listed`,
        episode: index,
      });
    else {
      records.push(record);
      for (const path of presence.missing(record))
        problems.push({
          code: path === record.table.path ? "missing-episode-files" : "missing-video",
          path,
          message: `expected the file of episode ${index}, got none; leave the episode out of the list or fetch the file`,
          episode: index,
        });
    }
  }
  if (records.length === 0 && problems.length === 0)
    problems.push({ code: "unlisted-episode", path: "meta", message: "expected a list of episodes, got none" });
  if (problems.length > 0) throw new DatasetError(choice.name, problems);
  return records;
}
