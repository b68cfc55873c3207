import { join } from "node:path";
import { z } from "zod";
import { appendLineOf, nameOf, readLines } from "../lines.ts";
import { type Cell, cellNames, horizon, type StudyName, studyNames } from "./design.ts";

/** The committed table: one line of JSON per run, in the order in which runs ended. */
export const tablePath = join(import.meta.dirname, "results.jsonl");

const playSchema = z.strictObject({
  /** The common starts, one bit each, first start first, as hexadecimal digits. */
  successes: z.string().regex(/^[0-9a-f]+$/),
  /** Mean over successes; `null` where there is none. */
  stepsToSuccess: z.number().nullable(),
  /** Of the robot over the last second before success, in standard deviations of its state per second; mean over successes. */
  lastSecondSpeed: z.number().nullable(),
});

/** How a robot fared with one execution horizon. */
export type Play = Readonly<z.infer<typeof playSchema>>;

const lineSchema = z.strictObject({
  study: nameOf<StudyName>(studyNames),
  cell: nameOf<Cell>(cellNames),
  seed: z.int().positive(),
  /** Optimizer steps, the loss over the last hundred of them, and what training and measuring took. */
  steps: z.int().positive(),
  trainingLoss: z.number(),
  trainingSeconds: z.number(),
  measuringSeconds: z.number(),
  /** By robot and by the steps of a chunk that were carried out; `null` of real robots. */
  rollouts: z.record(z.string(), z.record(z.string(), playSchema)).nullable(),
  /** On held-out frames, over steps inside their episodes, by robot. */
  velocityLoss: z.record(z.string(), z.number().nullable()),
  /** Of sampled actions, in standard deviations, by robot and step of the horizon. */
  actionError: z.record(z.string(), z.array(z.number().nullable()).length(horizon)),
});

/** What is known of one run. */
export type Line = Readonly<z.infer<typeof lineSchema>>;

/** Every run that the table holds. */
export const readTable = (path: string): Promise<Line[]> => readLines(path, lineSchema);

/** Appends a run. */
export const appendLine = (path: string, line: Line): Promise<void> => appendLineOf(path, lineSchema, line);
