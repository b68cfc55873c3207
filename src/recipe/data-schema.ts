import { isAbsolute, join } from "node:path";
import { z } from "zod";
import type { MetadataDropout } from "../batch/metadata.ts";
import type { SubgoalChoice } from "../batch/subgoal.ts";
import { dofSchema, entrySchema, metadataSchema, promptSchema } from "../checkpoint/robot-record.ts";
import type { LongPrompt } from "../codec/prompt.ts";
import type { Feature, TaskAnnotation } from "../dataset/dataset.ts";
import type { Augmentation } from "../embodiment/augment.ts";
import type { ActionFrame } from "../embodiment/delta.ts";
import type { Column, Mapping } from "../embodiment/mapping.ts";
import { normalizationModes } from "../embodiment/normalize.ts";
import type { RepeatedEpisodes } from "../mixture/copies.ts";
import type { TrimIdle } from "../mixture/idle.ts";
import type { EpisodeChoice, OnProblem } from "../mixture/leave-out.ts";
import type { MixtureEntry } from "../mixture/mixture.ts";
import type { DatasetSource } from "../mixture/source.ts";

const natural = z.int().nonnegative();
const name = z.string().min(1);

const columnSchema = z.strictObject({
  key: name,
  entries: z.union([z.literal("all"), z.array(natural)]),
}) satisfies z.ZodType<Column>;

const mappingSchema = z.strictObject({
  robotType: z.string().nullable(),
  controlMode: name,
  action: z.array(columnSchema).nullable(),
  state: z.array(columnSchema).nullable(),
  cameras: z.record(z.string(), z.string()).nullable(),
  prompt: promptSchema,
  response: name.optional(),
  metadata: metadataSchema.optional(),
  dofs: z.array(dofSchema).nullable(),
  states: z.array(entrySchema).nullable(),
  target: z.enum(["actions", "none"]),
}) satisfies z.ZodType<Mapping>;

const featureSchema = z.strictObject({
  key: name,
  type: name,
  shape: z.array(natural),
  names: z.array(z.string()).nullable(),
}) satisfies z.ZodType<Feature>;

const taskAnnotationSchema = z.union([
  z.enum(["declared", "none"]),
  z.strictObject({ column: name }),
]) satisfies z.ZodType<TaskAnnotation>;

const sourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("lerobot"),
    /** Below `data.root`, unless it is absolute or begins with `hf://`. */
    location: name,
    taskAnnotation: taskAnnotationSchema,
    depth: z.record(name, z.strictObject({ near: z.number(), far: z.number() })).optional(),
  }),
  z.strictObject({
    kind: z.literal("generated"),
    description: z.strictObject({
      robotType: z.string(),
      framesPerSecond: z.number().positive(),
      features: z.array(featureSchema),
      episodeLengths: z.array(natural),
      tasks: z.array(z.string()),
      seed: natural,
    }),
  }),
]) satisfies z.ZodType<DatasetSource>;

const episodeList = z
  .array(natural)
  .min(1)
  .refine((episodes) => new Set(episodes).size === episodes.length, { error: "expected each episode once" });

const threshold = z.number().nonnegative();

const trimIdleSchema = z.strictObject({
  /** In the recording's own units: how far an entry may be from where it stands at the end in question; by name for some entries only. */
  below: z.union([
    threshold,
    z.record(name, threshold).refine((own) => Object.keys(own).length > 0, { error: "expected an entry's name" }),
  ]),
  /** Idle frames that stay at each end. */
  keep: z.int().positive(),
}) satisfies z.ZodType<TrimIdle>;

const datasetSchema = z.strictObject({
  /** Its name in tables, events and errors; the split and the sampler are keyed by it. */
  name,
  source: sourceSchema,
  /** Every episode whose files are here, these, or every one but these. */
  episodes: z.union([
    z.literal("all"),
    episodeList,
    z.strictObject({ allBut: episodeList }),
  ]) satisfies z.ZodType<EpisodeChoice>,
  /** Frames at both ends of episodes in which nothing moves are not used; where it is missing, every frame is. */
  trimIdle: trimIdleSchema.optional(),
  role: z.enum(["train", "validation", "both"]),
  /** Share of the draws relative to the others'; `null` in all datasets: by frames. */
  weight: z.number().positive().nullable(),
  mapping: mappingSchema,
}) satisfies z.ZodType<Omit<MixtureEntry, "validationRatio">>;

const share = z.number().min(0).max(1);
const augmentationSchema = z.strictObject({
  crop: z.number().positive().max(1),
  rotationDegrees: z.number().min(0).max(180),
  brightness: share,
  contrast: share,
  saturation: share,
  colourOnly: z.array(name),
}) satisfies z.ZodType<Augmentation>;

/** The data of a recipe. */
export const dataSchema = z.strictObject({
  /** Folder of the datasets' folders, as seen from where the command runs. */
  root: z.string(),
  /** Threads that load ahead. The batches do not depend on their number. */
  workers: z.int().positive(),
  /** Decoded pictures of a dataset are kept up to this many bytes, for speed: in one memory for all workers, filled as they come. */
  pictureMemoryBytes: natural,
  /** Steps of an action window: each dataset's own frames, or resampled to this many per second. */
  rate: z.union([z.literal("native"), z.number().positive()]),
  normalization: z.enum(normalizationModes),
  /** The same of states, where they are normalised otherwise than actions. */
  stateNormalization: z.enum(normalizationModes).optional(),
  /** Whether actions are learned relative to the state where a dof names one. */
  actions: z.enum(["absolute", "delta"]) satisfies z.ZodType<ActionFrame>,
  /** How training pictures are changed; `null` leaves them as they are. */
  augmentation: augmentationSchema.nullable(),
  /** How often training leaves out all that is known of an episode, and else each of it; never, where it is missing. */
  metadataDropout: z.strictObject({ all: share, each: share }).optional() satisfies z.ZodType<
    MetadataDropout | undefined
  >,
  /** What a policy that reads subgoals is shown to reach: a later frame of the same episode; nothing, where it is missing. */
  subgoals: z
    .strictObject({ seconds: z.number().positive(), furthest: share, dropout: share })
    .optional() satisfies z.ZodType<SubgoalChoice | undefined>,
  /** What becomes of a prompt longer than `policy.promptTokens`: refused, as where this key is missing, or cut at its end. */
  longPrompt: z.enum(["refuse", "cut"]).optional() satisfies z.ZodType<LongPrompt | undefined>,
  /** What becomes of episodes with problems in rows, instructions or films: the dataset is refused, as where this key is missing, or they are left out. */
  onProblem: z.enum(["refuse", "leave out"]).optional() satisfies z.ZodType<OnProblem | undefined>,
  /** What becomes of episodes that two datasets hold under two names: refused, as where this key is missing, or trained on and held out as often as they stand there. */
  repeatedEpisodes: z.enum(["refuse", "allow"]).optional() satisfies z.ZodType<RepeatedEpisodes | undefined>,
  /** None for weights that came from elsewhere without any: they act, and cannot be trained or validated. */
  datasets: z.array(datasetSchema),
});

/** A source with its location relative to where the command runs. */
export function below(root: string, source: DatasetSource): DatasetSource {
  if (source.kind !== "lerobot" || isAbsolute(source.location) || source.location.startsWith("hf://")) return source;
  return { ...source, location: join(root, source.location) };
}
