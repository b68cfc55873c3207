import { join } from "node:path";
import type { z } from "zod";
import { type DatasetProblem, misfit, reason } from "../problem.ts";
import { ForeignFileError } from "./foreign-file.ts";
import { parseForeignJson, readForeignText } from "./foreign-json.ts";

/** A line of a file, as it was read. */
export interface JsonLine<T> {
  /** Its file and number, from 1. */
  readonly place: string;
  readonly value: T;
}

/** What of a file of JSON lines fits a schema, and a problem for each line that does not. */
export interface JsonLines<T> {
  readonly lines: readonly JsonLine<T>[];
  readonly problems: readonly DatasetProblem[];
}

/** Reads `path` below `root`, one JSON value a line. */
export async function readJsonLines<T>(root: string, path: string, schema: z.ZodType<T>): Promise<JsonLines<T>> {
  let text: string;
  try {
    text = await readForeignText(join(root, path));
  } catch (error) {
    const message = `expected a JSON value a line, got ${reason(error)}`;
    const code = error instanceof ForeignFileError ? "malformed-metadata" : "missing-metadata";
    return { lines: [], problems: [{ code, path, message }] };
  }
  const lines: JsonLine<T>[] = [];
  const problems: DatasetProblem[] = [];
  // A carriage return ends lines too: within a JSON text it can only stand between values.
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === "") continue;
    const place = `${path} line ${at + 1}`;
    try {
      lines.push({ place, value: schema.parse(parseForeignJson(line), { reportInput: true }) });
    } catch (error) {
      problems.push({ code: "malformed-metadata", path: place, message: misfit("a JSON value of its kind", error) });
    }
  }
  return { lines, problems: counted(path, lines.length, problems) };
}

/** Lines that are named one by one before they are only counted. */
const namedLines = 5;

/** A file with no line as it should be is one problem: it holds something else. */
function counted(path: string, good: number, problems: readonly DatasetProblem[]): readonly DatasetProblem[] {
  const [first] = problems;
  const others = problems.length - namedLines;
  if (first === undefined || others <= 0) return problems;
  if (good > 0) {
    const message = `${others} more lines are no JSON values of their kind either`;
    return [...problems.slice(0, namedLines), { code: first.code, path, message }];
  }
  const message = `expected a JSON value a line, got ${problems.length} lines that are none; the first: ${first.message}; write each value on one line`;
  return [{ code: first.code, path, message }];
}
