import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../input-error.ts";
import { digest, type FileDigest, isAbsent, writeDurably } from "./durable.ts";
import { decodeManifest, encodeManifest, formatVersion, type Manifest, type ParameterRecord } from "./manifest.ts";
import { mapSafetensors } from "./mapped-safetensors.ts";
import {
  readSafetensors,
  writeSafetensors,
  writeSafetensorsInBlocks,
  writeSafetensorsInPieces,
} from "./safetensors.ts";
import type { Tensor } from "./safetensors-header.ts";
import {
  joinMoments,
  type NamedArrays,
  recordForms,
  recordParameters,
  type StreamedParameters,
  type Weights,
  withAxes,
} from "./weights.ts";

/** What is known about a checkpoint beside its numbers; names, shapes and files follow from those. */
export type CheckpointFacts = Omit<Manifest, "formatVersion" | "parameters" | "files">;

/** The files of a checkpoint, by what the manifest calls them. */
export const checkpointFiles = {
  parameters: "parameters.safetensors",
  optimizer: "optimizer.safetensors",
  ema: "ema.safetensors",
} as const;

const manifestFile = "manifest.json";

/**
 * Fills an empty folder with a checkpoint, the manifest last; every file is on the disk when the promise resolves.
 *
 * @throws RangeError if moments or averages are not of the parameters' names and shapes
 */
export async function writeFiles(folder: string, facts: CheckpointFacts, weights: Weights): Promise<void> {
  const parameters = recordParameters(weights);
  const write = (name: string, tensors: ReadonlyMap<string, Tensor>): Promise<FileDigest> =>
    writeSafetensors(join(folder, name), tensors, {});
  const files = {
    parameters: await writeSafetensorsInBlocks(join(folder, checkpointFiles.parameters), weights.parameters),
    optimizer: await write(checkpointFiles.optimizer, joinMoments(weights.firstMoments, weights.secondMoments)),
    ema: weights.ema === null ? null : await write(checkpointFiles.ema, weights.ema),
  };
  await writeManifest(folder, { formatVersion, ...facts, parameters, files });
}

/** The same with parameters that are read on the way: no more than a piece of one is in memory. */
export async function writeStreamedFiles(
  folder: string,
  facts: CheckpointFacts,
  { forms, piecesOf }: StreamedParameters,
): Promise<void> {
  const tensors = new Map([...forms].map(([name, { shape }]) => [name, { shape, type: "float32" } as const]));
  const files = {
    parameters: await writeSafetensorsInPieces(
      join(folder, checkpointFiles.parameters),
      tensors,
      piecesOf,
      "in blocks",
    ),
    optimizer: await writeSafetensors(join(folder, checkpointFiles.optimizer), new Map(), {}),
    ema: null,
  };
  await writeManifest(folder, { formatVersion, ...facts, parameters: recordForms(forms, new Set()), files });
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeDurably(join(folder, manifestFile), [new TextEncoder().encode(encodeManifest(manifest))]);
}

/** @throws InputError where the folder holds no manifest, or one that is malformed */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestFile);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw isAbsent(error) ? new InputError(`${path}: expected a checkpoint's manifest, got nothing there`) : error;
  });
  return decodeManifest(path, text);
}

/**
 * Everything that training continues from.
 *
 * @throws InputError naming the file whose bytes are not those that were written
 */
export async function readWeights(folder: string, manifest: Manifest): Promise<Weights> {
  return await weightsIn(folder, manifest, readSafetensors);
}

/**
 * The same, with parameters that are the pages of their file (`mapSafetensors`): what is not changed is in memory once.
 *
 * @throws InputError as `readWeights`
 */
export async function mapWeights(folder: string, manifest: Manifest): Promise<Weights> {
  return await weightsIn(folder, manifest, mapSafetensors);
}

/** How the tensors of a file come into memory. */
type Reading = typeof readSafetensors;

async function weightsIn(folder: string, manifest: Manifest, reading: Reading): Promise<Weights> {
  const { files } = manifest;
  const path = join(folder, checkpointFiles.optimizer);
  const moments = await readVerified(folder, "optimizer", files.optimizer, readSafetensors);
  return {
    parameters: await parametersIn(folder, manifest, reading),
    firstMoments: withAxes(path, moments, "first.", trainedOf(manifest)),
    secondMoments: withAxes(path, moments, "second.", trainedOf(manifest)),
    ema: files.ema === null ? null : await averagesIn(folder, files.ema, manifest),
  };
}

/**
 * The parameters alone, as they train or averaged; a parameter that does not train is its own average.
 *
 * @throws InputError naming the file whose bytes are not those that were written, or where there are no averages
 */
export async function readParameters(
  folder: string,
  manifest: Manifest,
  kind: "parameters" | "ema",
): Promise<NamedArrays> {
  const { files, parameters } = manifest;
  const read = () => parametersIn(folder, manifest, readSafetensors);
  if (kind === "parameters") return read();
  if (files.ema === null) throw new InputError(`${folder}: expected averaged parameters, got a run that keeps none`);
  const averages = await averagesIn(folder, files.ema, manifest);
  return averages.size === Object.keys(parameters).length ? averages : new Map([...(await read()), ...averages]);
}

/** The parameters as they train, as the pages of their file (`mapSafetensors`). @throws InputError as `readParameters` */
export async function mapParameters(folder: string, manifest: Manifest): Promise<NamedArrays> {
  return await parametersIn(folder, manifest, mapSafetensors);
}

function trainedOf({ parameters }: Manifest): [string, ParameterRecord][] {
  return Object.entries(parameters).filter(([, { trains }]) => trains);
}

async function parametersIn(folder: string, { files, parameters }: Manifest, reading: Reading): Promise<NamedArrays> {
  const found = await readVerified(folder, "parameters", files.parameters, reading);
  return withAxes(join(folder, checkpointFiles.parameters), found, "", Object.entries(parameters));
}

async function averagesIn(folder: string, written: FileDigest, manifest: Manifest): Promise<NamedArrays> {
  const found = await readVerified(folder, "ema", written, readSafetensors);
  return withAxes(join(folder, checkpointFiles.ema), found, "", trainedOf(manifest));
}

async function readVerified(
  folder: string,
  kind: keyof typeof checkpointFiles,
  written: FileDigest,
  reading: Reading,
): Promise<ReadonlyMap<string, Tensor>> {
  const path = join(folder, checkpointFiles[kind]);
  const found = await digest(path).catch((error: unknown) => {
    throw isAbsent(error) ? new InputError(`${path}: expected ${written.bytes} bytes, got no file`) : error;
  });
  if (found.bytes !== written.bytes)
    throw new InputError(`${path}: expected ${written.bytes} bytes, got ${found.bytes}; ${remedy(folder)}`);
  if (found.sha256 !== written.sha256)
    throw new InputError(
      `${path}: expected sha256 ${written.sha256}, got ${found.sha256}; the file is damaged: ${remedy(folder)}`,
    );
  return reading(path);
}

function remedy(folder: string): string {
  return `move ${folder} away to use the checkpoint before it`;
}
