import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../input-error.ts";
import { digest, type FileDigest, isAbsent, writeDurably } from "./durable.ts";
import { decodeManifest, encodeManifest, formatVersion, type Manifest, type ParameterRecord } from "./manifest.ts";
import { mapSafetensors, mapSafetensorsToCopy } from "./mapped-safetensors.ts";
import {
  readSafetensors,
  tensorBytes,
  writeSafetensors,
  writeSafetensorsInBlocks,
  writeSafetensorsInPieces,
} from "./safetensors.ts";
import type { Tensor, TensorForm } from "./safetensors-header.ts";
import {
  expectMomentsOf,
  momentPrefixes,
  type NamedArrays,
  recordForms,
  type StreamedParameters,
  type Weights,
  type WeightsInTurn,
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
export async function writeFiles(folder: string, facts: CheckpointFacts, weights: WeightsInTurn): Promise<void> {
  const files = {
    parameters: await writeSafetensorsInBlocks(join(folder, checkpointFiles.parameters), weights.parameters),
    optimizer: await writeMoments(join(folder, checkpointFiles.optimizer), weights),
    ema: await writeAverages(join(folder, checkpointFiles.ema), weights),
  };
  const parameters = recordForms(weights.parameters, weights.trained);
  await writeManifest(folder, { formatVersion, ...facts, parameters, files });
}

/** Both moments in one file, the first ones before the second: its tensors stand in the order of their names. */
function writeMoments(path: string, weights: WeightsInTurn): Promise<FileDigest> {
  const { parameters, trained } = weights;
  const kinds = [
    { prefix: momentPrefixes.first, take: weights.firstMoments },
    { prefix: momentPrefixes.second, take: weights.secondMoments },
  ];
  const forms = kinds.flatMap(({ prefix }) =>
    [...trained].map((name): [string, TensorForm] => [
      `${prefix}${name}`,
      { shape: parameters.get(name)!.shape, type: "float32" },
    ]),
  );
  const taken = new Map<string, NamedArrays>();
  async function* piecesOf(name: string) {
    const { prefix, take } = kinds.find((kind) => name.startsWith(kind.prefix))!;
    if (!taken.has(prefix)) {
      taken.set(prefix, await take());
      expectMomentsOf(parameters, trained, taken.get(prefix)!);
    }
    yield tensorBytes(taken.get(prefix)!.get(name.slice(prefix.length))!);
  }
  return writeSafetensorsInPieces(path, new Map(forms), piecesOf, "as Python");
}

async function writeAverages(path: string, { parameters, trained, ema }: WeightsInTurn): Promise<FileDigest | null> {
  if (ema === null) return null;
  const averages = await ema();
  expectMomentsOf(parameters, trained, averages);
  return await writeSafetensors(path, averages, {});
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
  return await weightsIn(folder, manifest, { parameters: readSafetensors, optimizer: readSafetensors });
}

/**
 * The same, with arrays that are the pages of their files (`mapSafetensors`): what is not changed is in memory once, and of what is copied the
 * system may let go.
 *
 * @throws InputError as `readWeights`
 */
export async function mapWeights(folder: string, manifest: Manifest): Promise<Weights> {
  return await weightsIn(folder, manifest, { parameters: mapSafetensors, optimizer: mapSafetensorsToCopy });
}

/** How the tensors of a file come into memory. */
type Reading = typeof readSafetensors;

async function weightsIn(
  folder: string,
  manifest: Manifest,
  reading: { readonly parameters: Reading; readonly optimizer: Reading },
): Promise<Weights> {
  const { files } = manifest;
  const path = join(folder, checkpointFiles.optimizer);
  const moments = await readVerified(folder, "optimizer", files.optimizer, reading.optimizer);
  return {
    parameters: await parametersIn(folder, manifest, reading.parameters),
    firstMoments: withAxes(path, moments, momentPrefixes.first, trainedOf(manifest)),
    secondMoments: withAxes(path, moments, momentPrefixes.second, trainedOf(manifest)),
    ema: files.ema === null ? null : await averagesIn(folder, files.ema, manifest, reading.optimizer),
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
  const averages = await averagesIn(folder, files.ema, manifest, readSafetensors);
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

async function averagesIn(
  folder: string,
  written: FileDigest,
  manifest: Manifest,
  reading: Reading,
): Promise<NamedArrays> {
  const found = await readVerified(folder, "ema", written, reading);
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
