import { basename, join } from "node:path";
import type { StoredPlace } from "../graph/onnx.ts";
import { InputError } from "../input-error.ts";
import { checkpointFiles } from "./checkpoint.ts";
import { digest } from "./durable.ts";
import type { Manifest } from "./manifest.ts";
import { SafetensorsFile } from "./safetensors.ts";

/** The parameters of a checkpoint, read in pieces from its files. */
export interface StoredParameters {
  /** Bytes of float32, in order. */
  piecesOf(name: string): AsyncIterable<Uint8Array>;
  /** Which file of the checkpoint it stands in, and where. */
  placeOf(name: string): StoredPlace;
  close(): Promise<void>;
}

/**
 * Opens the parameters of a checkpoint, or their averages: a parameter that does not train is its own.
 *
 * @throws InputError naming a file whose bytes are not those that were written, or where there are no averages
 */
export async function openParameters(
  folder: string,
  { files }: Manifest,
  kind: "parameters" | "ema",
): Promise<StoredParameters> {
  if (kind === "ema" && files.ema === null)
    throw new InputError(`${folder}: expected averaged parameters, got a run that keeps none`);
  const opened: SafetensorsFile[] = [];
  for (const name of kind === "ema" ? (["ema", "parameters"] as const) : (["parameters"] as const)) {
    const path = join(folder, checkpointFiles[name]);
    const { sha256 } = await digest(path);
    if (sha256 !== files[name]?.sha256)
      throw new InputError(`${path}: expected sha256 ${files[name]?.sha256}, got ${sha256}; the file is damaged`);
    opened.push(await SafetensorsFile.open(path));
  }
  const fileOf = (name: string) => {
    const file = opened.find(({ entries }) => entries.has(name));
    if (file === undefined) throw new RangeError(`${folder}: expected a parameter, got "${name}"`);
    return file;
  };
  return {
    piecesOf: (name) => fileOf(name).float32Pieces(name),
    placeOf: (name) => ({ file: basename(fileOf(name).path), ...fileOf(name).placeOf(name) }),
    close: async () => {
      for (const file of opened) await file.close();
    },
  };
}
