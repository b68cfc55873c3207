import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { type DatasetProblem, reason } from "../problem.ts";

/** What of a file of JSON lines fits a schema, and a problem for each line that does not. */
export interface JsonLines<T> {
  readonly lines: readonly T[];
  readonly problems: readonly DatasetProblem[];
}

/** Reads `path` below `root`, one JSON value a line. */
export async function readJsonLines<T>(root: string, path: string, schema: z.ZodType<T>): Promise<JsonLines<T>> {
  let text: string;
  try {
    text = await readFile(join(root, path), "utf8");
  } catch (error) {
    const message = `expected a JSON value a line, got ${reason(error)}`;
    return { lines: [], problems: [{ code: "missing-metadata", path, message }] };
  }
  const lines: T[] = [];
  const problems: DatasetProblem[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      lines.push(schema.parse(JSON.parse(line)));
    } catch (error) {
      const message = `expected a JSON value of its kind, got ${reason(error)}`;
      problems.push({ code: "malformed-metadata", path: `${path} line ${at + 1}`, message });
    }
  }
  return { lines, problems };
}
