import { join } from "node:path";
import { z } from "zod";
import { appendLineOf, nameOf, readLines } from "../lines.ts";
import { type Cell, robotNames, type StudyName, studyNames, type Training } from "./design.ts";

/** The committed table: one line of JSON per run, in the order in which runs ended. */
export const tablePath = join(import.meta.dirname, "results.jsonl");

const byRobot = z.record(z.string(), z.number().nullable());

const measuresSchema = z.strictObject({
  /** The common starts of each robot, one bit each, first start first, as hexadecimal digits; `null` of real robots. */
  successes: z.record(z.string(), z.string().regex(/^[0-9a-f]+$/)).nullable(),
  velocityLoss: byRobot,
  actionError: byRobot,
  /** Mean |Δa| in standard deviations where only the noise of unreal dims is drawn anew; `null` where it was not measured. */
  redrawn: z.strictObject({ others: byRobot, none: byRobot }).nullable(),
});

export type Measures = Readonly<z.infer<typeof measuresSchema>>;

const lineSchema = z.strictObject({
  study: nameOf<StudyName>(studyNames()),
  training: nameOf<Training>(["A", "B", "D"]),
  seed: z.int().positive(),
  robot: nameOf(robotNames).nullable(),
  /** Optimizer steps, the loss over the last hundred of them, and what training and measuring took. */
  steps: z.int().nonnegative(),
  trainingLoss: z.number().nullable(),
  trainingSeconds: z.number(),
  measuringSeconds: z.number(),
  cells: z.partialRecord(nameOf<Cell>(["A", "A0", "B", "B0", "C", "D"]), measuresSchema),
});

/** What is known of one run. */
export type Line = Readonly<z.infer<typeof lineSchema>>;

/** Every run that the table holds. */
export const readTable = (path: string): Promise<Line[]> => readLines(path, lineSchema);

/** Appends a run. */
export const appendLine = (path: string, line: Line): Promise<void> => appendLineOf(path, lineSchema, line);
