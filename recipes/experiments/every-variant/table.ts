import { join } from "node:path";
import { z } from "zod";
import { variantNames } from "../../../src/policy/variant.ts";
import { appendLineOf, nameOf, readLines } from "../lines.ts";

/** The committed table: one line of JSON per variant, in the order in which runs ended. */
export const tablePath = join(import.meta.dirname, "results.jsonl");

const lossesSchema = z.strictObject({ velocity: z.number().nullable(), tokens: z.number().nullable() });

const lineSchema = z.strictObject({
  variant: nameOf(variantNames),
  /** The mixture's losses on held-out episodes before the first step, and after the last. */
  before: lossesSchema,
  after: lossesSchema,
  /** Robots of the mixture whose loss fell, of how many. */
  robotsBetter: z.int(),
  robots: z.int(),
  /** Dofs whose actions were sampled, all of them with a finite error. */
  sampledDofs: z.int().positive(),
  /** Files of the last checkpoint that two ranks, who went on from the half, wrote otherwise. */
  filesThatDiffer: z.array(z.string()),
  /** Laws of padding that the audit of the trained run found broken. */
  auditClean: z.boolean(),
  seconds: z.number(),
});

export type Line = Readonly<z.infer<typeof lineSchema>>;

/** Every run that the table holds. */
export const readTable = (): Promise<Line[]> => readLines(tablePath, lineSchema);

/** Appends a run. */
export const appendLine = (line: Line): Promise<void> => appendLineOf(tablePath, lineSchema, line);
