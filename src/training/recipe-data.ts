import { z } from "zod";
import type { Augmentation } from "../embodiment/augment.ts";
import type { ActionFrame } from "../embodiment/delta.ts";
import type { Dof, Entry, PromptSource } from "../embodiment/embodiment.ts";
import type { Column, Mapping } from "../embodiment/mapping.ts";
import type { NormalizationMode } from "../embodiment/normalize.ts";

const natural = z.int().nonnegative();
const name = z.string().min(1);

const entryFields = {
  name,
  unit: z.string(),
  part: z.string(),
  kind: z.enum(["continuous", "gripper"]),
  slot: natural,
};
const entrySchema = z.strictObject(entryFields) satisfies z.ZodType<Entry>;
const dofSchema = z.strictObject({ ...entryFields, state: natural.nullable() }) satisfies z.ZodType<Dof>;

const columnSchema = z.strictObject({
  key: name,
  entries: z.union([z.literal("all"), z.array(natural)]),
}) satisfies z.ZodType<Column>;

const promptSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("task") }),
  z.strictObject({ kind: z.literal("fixed"), text: z.string() }),
]) satisfies z.ZodType<PromptSource>;

const mappingSchema = z.strictObject({
  robotType: z.string().nullable(),
  controlMode: name,
  action: z.array(columnSchema).nullable(),
  state: z.array(columnSchema).nullable(),
  cameras: z.record(z.string(), z.string()).nullable(),
  prompt: promptSchema,
  dofs: z.array(dofSchema).nullable(),
  states: z.array(entrySchema).nullable(),
  target: z.enum(["actions", "none"]),
}) satisfies z.ZodType<Mapping>;

const datasetSchema = z.strictObject({
  /** How tables, events and errors call it; the split and the sampler are keyed by it. */
  name,
  /** Below `data.root`, unless it is absolute. */
  folder: name,
  episodes: z.union([
    z.literal("all"),
    z.array(natural).min(1).refine(areDistinct, { error: "expected each episode once" }),
  ]),
  role: z.enum(["train", "validation", "both"]),
  /** Its share of the samples that are drawn, against those of the other datasets. */
  weight: z.number().positive(),
  mapping: mappingSchema,
});

const share = z.number().min(0).max(1);
const augmentationSchema = z.strictObject({
  crop: z.number().positive().max(1),
  rotationDegrees: z.number().min(0).max(180),
  brightness: share,
  contrast: share,
  saturation: share,
  colourOnly: z.array(name),
}) satisfies z.ZodType<Augmentation>;

/** What is trained on. */
export const dataSchema = z.strictObject({
  /** Folder of the datasets' folders, seen from where the command runs. */
  root: z.string(),
  /** Threads that load ahead. The batches do not depend on their number. */
  workers: z.int().positive(),
  /** Steps of an action window: each dataset's own frames, or resampled to this many per second. */
  rate: z.union([z.literal("native"), z.number().positive()]),
  normalization: z.enum(["mean-std", "min-max", "quantile", "identity"]) satisfies z.ZodType<NormalizationMode>,
  /** Whether actions are learned relative to the state where a dof names one. */
  actions: z.enum(["absolute", "delta"]) satisfies z.ZodType<ActionFrame>,
  /** How training pictures are changed; `null` leaves them as they are. */
  augmentation: augmentationSchema.nullable(),
  datasets: z.array(datasetSchema).min(1),
});

function areDistinct(values: readonly number[]): boolean {
  return new Set(values).size === values.length;
}
