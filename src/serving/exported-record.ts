import { z } from "zod";
import { conventionsSchema } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { memberSchema, normalizationSchema } from "../checkpoint/robot-record.ts";
import { readOnnxFacts } from "../graph/onnx-metadata.ts";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";
import { type ChunkingName, chunkingNames } from "./chunking.ts";
import type { ServedRobot } from "./robot.ts";

/** Under which an exported file's metadata have what `serve` and `rollout` read. */
const recordMetadata = "armature";

/** Raised by every change after which older files mean something else. */
const recordVersion = 1;

const recordSchema = z.strictObject({
  formatVersion: z.literal(recordVersion),
  step: z.int().nonnegative(),
  /** The resolved recipe of the run. */
  recipe: z.record(z.string(), z.json()),
  conventions: conventionsSchema,
  threads: z.int().positive(),
  device: z.enum(["cpu", "cuda", "webgpu"]),
  /** The robot that the file acts for, and what its actions and states are normalised with. */
  member: memberSchema.omit({ episodes: true }),
  statistics: normalizationSchema,
  /** How its program has chunks go on from those before them; absent: each arises by itself. */
  chunking: z.enum(chunkingNames).optional(),
});

/** What an exported file knows of its run: what a checkpoint's manifest does, of one robot. */
export type ExportedRecord = Readonly<z.infer<typeof recordSchema>>;

/** What is written into a file of a robot. @throws RangeError where it is none of the manifest's */
export function exportedRecord(
  manifest: Manifest,
  { dataset, embodiment }: ServedRobot,
  chunking: ChunkingName,
): Readonly<Record<string, string>> {
  const { step, recipe, conventions, threads, device, members, statistics } = manifest;
  const found = members.find((one) => one.dataset === dataset && one.controlMode === embodiment.controlMode);
  if (found === undefined) throw new RangeError(`exportedRecord: expected a robot of the manifest, got ${dataset}`);
  const { episodes: _, ...member } = found;
  const goesOn = chunking === "none" ? {} : { chunking };
  const said = { step, recipe, conventions, threads, device, member, statistics: statistics[member.head], ...goesOn };
  return {
    [recordMetadata]: JSON.stringify(parseInput("record", recordSchema, { formatVersion: recordVersion, ...said })),
  };
}

/**
 * What a file says that `armature export --onnx` wrote.
 *
 * @throws InputError where it is no ONNX file, another program's, of another version of this one, or cut short
 */
export function readRecord(file: string): ExportedRecord {
  const { producer, metadata } = readOnnxFacts(file);
  const text = metadata.get(recordMetadata);
  if (producer !== "armature")
    throw new InputError(
      `${file}: expected a file that \`armature export RUN --onnx FILE\` wrote, got one of ${producer === null ? "nobody's name" : `"${producer}"`}`,
    );
  if (text === undefined)
    throw new InputError(
      `${file}: expected metadata "${recordMetadata}", got none, as of older versions of \`armature export\`; export the run again`,
    );
  const value = parsed(file, text);
  const version = versionSchema.safeParse(value).data?.formatVersion;
  if (version !== undefined && version !== recordVersion)
    throw new InputError(
      `${file}: expected metadata of version ${recordVersion}, got ${version}; export the run again with this version of Armature`,
    );
  return parseInput(`${file}, metadata "${recordMetadata}"`, recordSchema, value);
}

const versionSchema = z.looseObject({ formatVersion: z.number() });

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(
      `${file}, metadata "${recordMetadata}": expected JSON, got something else; the file is damaged`,
    );
  }
}
