import { z } from "zod";
import { wayNames } from "./schedule.ts";

const times = z.record(z.string(), z.number());

/** What the ranks of one job measure. */
export const jobRequestSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("forward"), sizes: z.array(z.int()), rounds: z.int() }),
  z.object({
    kind: z.literal("validation"),
    /** Held-out frames of each dataset. */
    frames: z.array(z.int()),
    microBatch: z.int(),
    /** Milliseconds of a forward pass by number of rows. */
    times,
    /** Whether ranks wait so long in place of computing. */
    waits: z.boolean(),
    rounds: z.int(),
  }),
  z.object({
    kind: z.literal("training"),
    threads: z.int(),
    batch: z.object({ size: z.int(), microBatch: z.int() }),
    steps: z.int(),
  }),
]);
export type JobRequest = z.infer<typeof jobRequestSchema>;

export const timesSchema = times;

/** One validation; shares are of the time of all ranks. */
export const passSchema = z.object({
  way: z.enum(wayNames),
  round: z.int(),
  wallMs: z.number(),
  idle: z.number(),
  repeated: z.number(),
});
export type Pass = z.infer<typeof passSchema>;

/** Medians over the steps of a job. */
export const trainingTimesSchema = z.object({
  stepMs: z.number(),
  reduceMs: z.number(),
  /** Each rank's new weights sent to all others. */
  shareMs: z.number(),
  parameters: z.int(),
  rows: z.int(),
});
export type TrainingTimes = z.infer<typeof trainingTimesSchema>;
