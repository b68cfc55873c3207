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
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const place = `${path} line ${at + 1}`;
    try {
      lines.push({ place, value: schema.parse(parseForeignJson(line), { reportInput: true }) });
    } catch (error) {
      problems.push({ code: "malformed-metadata", path: place, message: misfit("a JSON value of its kind", error) });
    }
  }
  return { lines, problems };
}
