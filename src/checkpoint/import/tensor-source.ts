import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { reason } from "../../dataset/problem.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import { SafetensorsFile } from "../safetensors.ts";
import type { Tensor } from "../safetensors-header.ts";

/** Shapes of another project's tensors by name, without their cells. */
export type ShapesByName = ReadonlyMap<string, readonly number[]>;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * The weights of another project's folder, in one file or in several; tensors are read one at a time.
 *
 * Files of pickles are refused by what they are: reading one would run what stands in it.
 */
export class TensorSource {
  readonly folder: string;
  readonly shapes: ShapesByName;
  readonly #files: ReadonlyMap<string, SafetensorsFile>;
  readonly #opened: readonly SafetensorsFile[];

  private constructor(folder: string, files: ReadonlyMap<string, SafetensorsFile>, opened: readonly SafetensorsFile[]) {
    this.folder = folder;
    this.#files = files;
    this.#opened = opened;
    this.shapes = new Map([...files].map(([name, file]) => [name, file.entries.get(name)!.shape]));
  }

  /** @throws InputError where there are no weights in safetensors, or a file of several is missing or damaged */
  static async open(folder: string): Promise<TensorSource> {
    const opened: SafetensorsFile[] = [];
    const byName = new Map<string, SafetensorsFile>();
    try {
      const { paths, listed } = await weightFiles(folder);
      for (const path of paths) {
        const file = await SafetensorsFile.open(path);
        opened.push(file);
        for (const name of file.entries.keys()) {
          const other = byName.get(name);
          if (other !== undefined)
            throw new InputError(`${path}: expected each tensor in one file, got "${name}" in ${other.path} as well`);
          byName.set(name, file);
        }
      }
      const absent = listed.find((name) => !byName.has(name));
      if (absent !== undefined)
        throw new InputError(`${folder}: expected the tensor "${absent}", as its index says, got none of that name`);
      return new TensorSource(folder, byName, opened);
    } catch (error) {
      for (const file of opened) await file.close();
      throw error;
    }
  }

  /** One tensor. @throws InputError if there is none of that name */
  async read(name: string): Promise<Tensor> {
    return await this.#fileOf(name).read(name);
  }

  /** The cells of one as bytes of float32, a few at a time; see `SafetensorsFile.float32Pieces`. */
  async *pieces(name: string): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#fileOf(name).float32Pieces(name)) {
      checkFinite(this.folder, name, new Float32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4));
      yield piece;
    }
  }

  #fileOf(name: string): SafetensorsFile {
    const file = this.#files.get(name);
    if (file === undefined) throw new InputError(`${this.folder}: expected a tensor "${name}", got none of that name`);
    return file;
  }

  async close(): Promise<void> {
    for (const file of this.#opened) await file.close();
  }
}

/** @throws InputError where a weight is no number, with which no result is one */
export function checkFinite(folder: string, name: string, cells: Float32Array): void {
  const other = cells.find((cell) => !Number.isFinite(cell));
  if (other !== undefined) throw new InputError(`${folder}: expected finite numbers in "${name}", got ${other}`);
}

/** Files of weights, and the tensors that an index says are in them. */
async function weightFiles(folder: string): Promise<{ readonly paths: string[]; readonly listed: string[] }> {
  const whole = join(folder, "model.safetensors");
  if (existsSync(whole)) return { paths: [whole], listed: [] };
  const index = join(folder, "model.safetensors.index.json");
  if (existsSync(index)) {
    const { weight_map } = parseInput(index, indexSchema, jsonOf(index, await readFile(index, "utf8")));
    const names = [...new Set(Object.values(weight_map))].sort();
    const outside = names.find((name) => basename(name) !== name);
    if (outside !== undefined) throw new InputError(`${index}: expected names of files beside it, got "${outside}"`);
    return { paths: names.map((name) => join(folder, name)), listed: Object.keys(weight_map) };
  }
  const names = await readdir(folder).catch((error: unknown) => {
    throw new InputError(
      `${folder}: expected a folder with weights, got ${existsSync(folder) ? reason(error) : "none"}`,
    );
  });
  const pickles = names.sort().find((name) => /\.(bin|pt|pth|pkl|pickle|ckpt)$/.test(name));
  if (pickles !== undefined)
    throw new InputError(
      `${join(folder, pickles)}: expected weights in safetensors, got Python pickles, which run code when they are read; ` +
        "save them with safetensors in the project that they come from",
    );
  throw new InputError(`${folder}: expected "model.safetensors" or "model.safetensors.index.json", got neither`);
}

/** @throws InputError naming the file whose text is no JSON */
export function jsonOf(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    throw new InputError(`${path}: expected JSON, got something else; the file is damaged`);
  }
}
