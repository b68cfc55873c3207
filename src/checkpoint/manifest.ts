import { z } from "zod";
import { letters } from "../graph/axes.ts";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";
import { conventionsSchema } from "./conventions.ts";
import { memberSchema, normalizationSchema } from "./robot-record.ts";

/** Raised by every change after which older checkpoints mean something else. */
export const formatVersion = 1;

const natural = z.int().nonnegative();

const parameterSchema = z.strictObject({
  axes: z.string().refine(areAxes, { error: "expected letters of the axis alphabet" }),
  shape: z.array(natural),
  /** Whether the optimizer holds moments for it: a frozen one has none, and no average but itself. */
  trains: z.boolean(),
});

const fileSchema = z.strictObject({
  bytes: natural,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: "64 hexadecimal digits" }),
});

const manifestSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  /** Optimizer steps done. */
  step: natural,
  /** The resolved recipe, as `recipe.json` has it. */
  recipe: z.record(z.string(), z.json()),
  conventions: conventionsSchema,
  /** Threads of the runtime per rank: bits depend on them. */
  threads: z.int().positive(),
  device: z.enum(["cpu", "cuda", "webgpu"]),
  /** The sampler is a pure function of these two; `step` is the next one it gives. */
  sampler: z.strictObject({ seed: natural, step: natural }),
  /** The robots of the mixture, in the order of their provenance. */
  members: z.array(memberSchema),
  /** What normalises, by name of the normalisation group. */
  statistics: z.record(z.string(), normalizationSchema),
  /** The lowest validation loss so far and the step whose weights gave it. */
  bestValidation: z.strictObject({ step: natural, loss: z.number() }).nullable(),
  parameters: z.record(z.string(), parameterSchema),
  /** `null` where the recipe keeps no averages. */
  files: z.strictObject({ parameters: fileSchema, optimizer: fileSchema, ema: fileSchema.nullable() }),
});

/** Everything about a checkpoint but its cells. */
export type Manifest = z.infer<typeof manifestSchema>;

export type ParameterRecord = z.infer<typeof parameterSchema>;

/** The manifest as the text of its file. */
export function encodeManifest(manifest: Manifest): string {
  // Without this NaN would go to the file as null.
  const whole = parseInput("manifest", manifestSchema, manifest);
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** @throws InputError naming the file and every missing, unknown or malformed entry */
export function decodeManifest(path: string, text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`${path}: expected a manifest in JSON, got something else; the file is damaged`);
  }
  return parseInput(path, manifestSchema, value);
}

function areAxes(axes: string): boolean {
  try {
    letters(axes);
    return true;
  } catch {
    return false;
  }
}
