import { z } from "zod";
import { InputError } from "../input-error.ts";

/** What kind of thing is wrong with a dataset: stable words, for programs. */
export type ProblemCode =
  | "missing-metadata"
  | "malformed-metadata"
  | "unknown-version"
  | "unlisted-episode"
  | "missing-episode-files"
  | "missing-camera-files"
  | "missing-video"
  | "missing-column"
  | "missing-task"
  | "unreadable-table"
  | "unreadable-video"
  | "wrong-length"
  | "wrong-width"
  | "wrong-count"
  | "not-finite"
  | "wrong-episode-border"
  | "wrong-frame-index"
  | "timestamps-not-ascending";

/** One thing that is wrong with a dataset: collected, so that all are seen at once. */
export interface DatasetProblem {
  readonly code: ProblemCode;
  /** The file, relative to the dataset's folder, and the place in it. */
  readonly path: string;
  /** What was expected and what came. */
  readonly message: string;
}

/** Something worth knowing of a dataset that is not wrong. */
export interface DatasetNote {
  readonly code: "constant-entries" | "uneven-timestamps" | "late-start" | "no-frame-index";
  readonly path: string;
  readonly message: string;
}

/** A dataset that cannot be used as it is, with everything that is wrong with it. */
export class DatasetError extends InputError {
  readonly problems: readonly DatasetProblem[];

  constructor(dataset: string, problems: readonly DatasetProblem[]) {
    super(`dataset "${dataset}": ${problems.map((problem) => `${problem.path}: ${problem.message}`).join("; ")}`);
    this.problems = problems;
  }
}

/** "0–28, 32–58, 60": ascending numbers as ranges. */
export function ranges(ascending: readonly number[]): string {
  const parts: string[] = [];
  for (let from = 0; from < ascending.length; ) {
    let to = from;
    while (ascending[to + 1] === ascending[to]! + 1) to++;
    parts.push(from === to ? `${ascending[from]}` : `${ascending[from]}–${ascending[to]}`);
    from = to + 1;
  }
  return parts.join(", ");
}

/** A table that cannot be read, and the episodes that it keeps: one for a damaged row group, all for a damaged file. */
export function unreadableTable(path: string, episodes: readonly number[], thrown: unknown): DatasetProblem {
  const whose = `episode${episodes.length === 1 ? "" : "s"} ${ranges(episodes)}`;
  const message = `expected the rows of ${whose}, got ${reason(thrown)}; the file may be truncated or damaged: fetch it again`;
  return { code: "unreadable-table", path, message };
}

/** Each problem once, however many episodes met it. */
export function distinct(problems: readonly DatasetProblem[]): DatasetProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The message of whatever was thrown, on one line. */
export function reason(thrown: unknown): string {
  if (thrown instanceof z.ZodError)
    return thrown.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return "no such file";
  return (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, " ");
}
