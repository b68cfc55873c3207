import { appendFile, readFile } from "node:fs/promises";
import { z } from "zod";

/** A text that is one of some names. */
export const nameOf = <T extends string>(names: readonly T[]) =>
  z.string().refine((text): text is T => names.some((name) => name === text));

/** Every line of a table of runs, a JSON object each; none where there is no file. */
export async function readLines<Line>(path: string, schema: z.ZodType<Line>): Promise<Line[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => schema.parse(JSON.parse(line)));
}

/** Appends a run: one write, so that lines of several workers do not mix. */
export async function appendLineOf<Line>(path: string, schema: z.ZodType<Line>, line: Line): Promise<void> {
  await appendFile(path, `${JSON.stringify(schema.parse(line))}\n`);
}
