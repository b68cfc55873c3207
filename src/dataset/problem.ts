import { z } from "zod";
import { InputError } from "../input-error.ts";
import { describedIssue } from "../parse-input.ts";

/** What kind of thing is wrong with a dataset: stable words, for programs. */
export type ProblemCode =
  | "missing-metadata"
  | "malformed-metadata"
  | "unknown-version"
  | "unlisted-episode"
  | "repeated-episode"
  | "shared-file"
  | "malformed-episode"
  | "wrong-row-range"
  | "contradicting-task"
  | "contradicting-version"
  | "repeated-task"
  | "empty-task"
  | "drifting-timestamps"
  | "padded-rows"
  | "missing-episode-files"
  | "missing-camera-files"
  | "missing-video"
  | "missing-column"
  | "missing-task"
  | "unreadable-table"
  | "unreadable-video"
  | "mismatched-video"
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
  /** The episode that it is about; absent where it is about several, or none. */
  readonly episode?: number;
  /** The row of the episode, counted from 0, that it is about or shows first; absent where it is about the whole. */
  readonly row?: number;
}

/** Something worth knowing of a dataset that is not wrong. */
export interface DatasetNote {
  readonly code:
    | "constant-entries"
    | "uneven-timestamps"
    | "late-start"
    | "no-frame-index"
    | "pictures-by-time"
    | "from-timestamp-drifts"
    | "other-film-rate"
    | "turned-film"
    | "depth-left-out"
    | "misfitting-names"
    | "repeated-names"
    | "other-video-folder"
    | "pixels-as-numbers"
    | "undeclared-column";
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

/** A file whose bytes are not whole: another copy of it may be. */
export class DamagedFileError extends Error {}

/** What is said behind the reason why a file cannot be read: another copy helps where this one is damaged, and nowhere else. */
export function cureFor(thrown: unknown): string {
  if (!(thrown instanceof DamagedFileError)) return "";
  return "; the file may be truncated or damaged: fetch it again, or leave the episode out where it was recorded so";
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
  const message = `expected the rows of ${whose}, got ${reason(thrown)}${cureFor(thrown)}`;
  const [first, ...others] = episodes;
  const isOne = first !== undefined && others.length === 0;
  return { code: "unreadable-table", path, message, ...(isOne ? { episode: first } : {}) };
}

/** Each problem once, however many episodes met it. */
export function distinct(problems: readonly DatasetProblem[]): DatasetProblem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** What was expected and what came: by entry where a value is of the right kind and some entries of it are not. */
export function misfit(expected: string, thrown: unknown): string {
  return thrown instanceof z.ZodError ? reason(thrown) : `expected ${expected}, got ${reason(thrown)}`;
}

/** The message of whatever was thrown, on one line. */
export function reason(thrown: unknown): string {
  if (thrown instanceof z.ZodError) return thrown.issues.map(describedIssue).join("; ");
  const plain = thrown instanceof Error && "code" in thrown ? fileErrors[String(thrown.code)] : undefined;
  if (plain !== undefined) return plain;
  return (thrown instanceof Error ? thrown.message : String(thrown)).replaceAll(/\s+/g, " ");
}

/** What the file system's words mean. */
const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "a file in place of a folder",
  EISDIR: "a folder in place of a file",
  EACCES: "one that may not be read",
  ELOOP: "links that lead to each other",
};
