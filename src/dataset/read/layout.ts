import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetVersion } from "../dataset.ts";
import type { DatasetNote, DatasetProblem } from "../problem.ts";
import type { Info } from "./info.ts";

/** Files of the metadata that stand in one place until v2.1 and in another from v3.0 on. */
const moved = [
  { until21: "meta/episodes.jsonl", from30: "meta/episodes" },
  { until21: "meta/tasks.jsonl", from30: "meta/tasks.parquet" },
] as const;

/** Where the stated version and the files that are here contradict each other. */
export async function versionProblems(root: string, version: DatasetVersion): Promise<DatasetProblem[]> {
  const problems: DatasetProblem[] = [];
  for (const { until21, from30 } of moved) {
    const [own, other, others] = version === "v3.0" ? [from30, until21, "v2.0 and v2.1"] : [until21, from30, "v3.0"];
    if ((await isHere(root, own)) || !(await isHere(root, other))) continue;
    const message = `expected the version of the files that are here, got "${version}", which has ${own}, and here is ${other} of ${others}`;
    problems.push({
      code: "contradicting-version",
      path: "meta/info.json codebase_version",
      message: `${message}; state their version, or convert the dataset as a whole`,
    });
  }
  return problems;
}

const videoFolders: Readonly<Record<string, string>> = { video: "videos", videos: "video" };

/** Metadata whose films lie in `videos/` where it says `video/`, or the other way round, as the files are. */
export async function withVideoFolder(root: string, info: Info): Promise<{ info: Info; notes: DatasetNote[] }> {
  const [declared = "", ...rest] = info.videoPath?.split("/") ?? [];
  const other = videoFolders[declared];
  if (other === undefined || (await isHere(root, declared)) || !(await isHere(root, other))) return { info, notes: [] };
  const message = `films are read from ${other}/, as the declared ${declared}/ is not there`;
  const note = { code: "other-video-folder", path: "meta/info.json video_path", message } as const;
  return { info: { ...info, videoPath: [other, ...rest].join("/") }, notes: [note] };
}

async function isHere(root: string, path: string): Promise<boolean> {
  return await stat(join(root, path)).then(
    () => true,
    () => false,
  );
}
