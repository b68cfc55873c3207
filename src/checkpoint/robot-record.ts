import { z } from "zod";
import type { Statistics } from "../dataset/statistics.ts";
import {
  type Camera,
  type ColumnPart,
  type Dof,
  type Embodiment,
  type Entry,
  type MetadataSource,
  type NumberSource,
  type PromptSource,
  saidOfRobots,
} from "../embodiment/embodiment.ts";

const natural = z.int().nonnegative();
const name = z.string().min(1);

const ends = z.tuple([z.number(), z.number()]);

const entryFields = {
  name,
  unit: z.string(),
  recordedIn: z.union([name, z.strictObject({ range: ends, limits: ends })]).optional(),
  part: z.string(),
  kind: z.enum(["continuous", "gripper"]),
  slot: natural,
};

export const entrySchema = z.strictObject(entryFields) satisfies z.ZodType<Entry>;

export const dofSchema = z.strictObject({ ...entryFields, state: natural.nullable() }) satisfies z.ZodType<Dof>;

export const promptSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("task") }),
  z.strictObject({ kind: z.literal("fixed"), text: z.string() }),
]) satisfies z.ZodType<PromptSource>;

const numberSource = z.union([name, z.strictObject({ episode: name })]) satisfies z.ZodType<NumberSource>;

export const metadataSchema = z.strictObject({
  speed: numberSource.optional(),
  quality: numberSource.optional(),
  mistake: numberSource.optional(),
  says: z.array(z.enum(saidOfRobots)),
}) satisfies z.ZodType<MetadataSource>;

const columnPartSchema = z.strictObject({ key: name, entries: z.array(natural) }) satisfies z.ZodType<ColumnPart>;

const cameraSchema = z.strictObject({ view: name, key: name.nullable() }) satisfies z.ZodType<Camera>;

const embodimentSchema = z.strictObject({
  robotType: z.string(),
  controlMode: name,
  dofs: z.array(dofSchema),
  states: z.array(entrySchema),
  cameras: z.array(cameraSchema),
  columns: z.strictObject({
    action: z.array(columnPartSchema),
    state: z.array(columnPartSchema),
    prompt: promptSchema,
    response: name.optional(),
    metadata: metadataSchema.optional(),
  }),
  target: z.enum(["actions", "none"]),
}) satisfies z.ZodType<Embodiment>;

/** A robot of the mixture, whole: weights are served where the datasets are not. */
export const memberSchema = z.strictObject({
  /** Dataset and control mode. */
  name,
  dataset: name,
  controlMode: name,
  /** Name of its normalisation group: the key of existing checkpoints. */
  head: name,
  framesPerSecond: z.number().positive(),
  embodiment: embodimentSchema,
  /** Its episodes by what became of them, so that a dataset that grows later is split as it was; older checkpoints lack it. */
  episodes: z.strictObject({ train: z.array(natural), validation: z.array(natural) }).optional(),
});

const cells = z.array(z.number());

const statisticsSchema = z
  .strictObject({ count: natural, mean: cells, std: cells, min: cells, max: cells, q01: cells, q99: cells })
  .refine(hasOneWidth, { error: "expected one width of mean, std, min, max, q01 and q99" });

/** What a normalisation group is normalised with. */
export const normalizationSchema = z.strictObject({ state: statisticsSchema, action: statisticsSchema });

export type StatisticsRecord = z.infer<typeof statisticsSchema>;

export type NormalizationRecord = z.infer<typeof normalizationSchema>;

/** Statistics as JSON keeps them, to the bit. */
export function encodeStatistics(statistics: Statistics): StatisticsRecord {
  const { count, mean, std, min, max, q01, q99 } = statistics;
  return { count, mean: [...mean], std: [...std], min: [...min], max: [...max], q01: [...q01], q99: [...q99] };
}

/** The statistics again, to the bit. */
export function decodeStatistics(record: StatisticsRecord): Statistics {
  return {
    count: record.count,
    mean: Float64Array.from(record.mean),
    std: Float64Array.from(record.std),
    min: Float64Array.from(record.min),
    max: Float64Array.from(record.max),
    q01: Float64Array.from(record.q01),
    q99: Float64Array.from(record.q99),
  };
}

function hasOneWidth(statistics: Record<Exclude<keyof Statistics, "count">, readonly number[]>): boolean {
  const { mean, std, min, max, q01, q99 } = statistics;
  return [std, min, max, q01, q99].every(({ length }) => length === mean.length);
}
