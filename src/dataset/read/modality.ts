import { join } from "node:path";
import { z } from "zod";
import type { Modality, VectorSlice } from "../dataset.ts";
import { type DatasetProblem, misfit } from "../problem.ts";
import { parseForeignJson, readForeignText } from "./foreign-json.ts";
import type { Annotation } from "./task.ts";

/** What `meta/modality.json` says of a dataset's columns; nothing where there is no such file. */
export interface ReadModality extends Modality {
  readonly annotations: readonly Annotation[];
  readonly problems: readonly DatasetProblem[];
}

const path = "meta/modality.json";

/** GR00T's own words for columns that are not named. */
const usualKeys = { state: "observation.state", action: "action" } as const;

const sliceSchema = z.looseObject({
  start: z.int().nonnegative(),
  end: z.int().positive(),
  original_key: z.string().min(1).nullish(),
});
const namedSchema = z.looseObject({ original_key: z.string().min(1).nullish() });
const parts = z.record(z.string(), z.unknown()).optional();
const modalitySchema = z.looseObject({ state: parts, action: parts, video: parts, annotation: parts });

/**
 * The parts of a row that `modality.json` names. An entry that is none is a problem of its own, and is not used.
 *
 * @source GR00T N1.5 getting_started/LeRobot_compatible_data_schema.md
 */
export async function readModality(root: string): Promise<ReadModality> {
  const found = { action: [], state: [], videos: [], annotations: [], problems: [] };
  try {
    const text = await readForeignText(join(root, path));
    const { state, action, video, annotation } = modalitySchema.parse(parseForeignJson(text), { reportInput: true });
    const problems: DatasetProblem[] = [];
    return {
      action: slices("action", action, problems),
      state: slices("state", state, problems),
      videos: named("video", video, problems).map(({ name, key }) => ({
        name,
        key: key ?? `observation.images.${name}`,
      })),
      annotations: named("annotation", annotation, problems).map(({ name, key }) => ({
        name: `annotation.${name}`,
        column: key ?? `annotation.${name}`,
      })),
      problems,
    };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return found;
    const message = misfit("JSON that names the parts of a row", error);
    return { ...found, problems: [{ code: "malformed-metadata", path, message }] };
  }
}

type Declared = Readonly<Record<string, unknown>> | undefined;

function slices(kind: "state" | "action", declared: Declared, problems: DatasetProblem[]): VectorSlice[] {
  return Object.entries(declared ?? {}).flatMap(([part, value]) => {
    const parsed = sliceSchema.safeParse(value, { reportInput: true });
    if (!parsed.success) return refuse(`${kind}.${part}`, parsed.error, problems);
    const { start, end, original_key } = parsed.data;
    return [{ part, key: original_key ?? usualKeys[kind], start, end }];
  });
}

function named(kind: string, declared: Declared, problems: DatasetProblem[]) {
  return Object.entries(declared ?? {}).flatMap(([name, value]) => {
    const parsed = namedSchema.safeParse(value, { reportInput: true });
    if (!parsed.success) return refuse(`${kind}.${name}`, parsed.error, problems);
    return [{ name, key: parsed.data.original_key ?? null }];
  });
}

function refuse(place: string, error: unknown, problems: DatasetProblem[]): [] {
  problems.push({ code: "malformed-metadata", path: `${path} ${place}`, message: misfit("a part of a row", error) });
  return [];
}
