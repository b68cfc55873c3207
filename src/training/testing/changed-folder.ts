import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import type { Tensor } from "../../checkpoint/safetensors-header.ts";
import { InputError } from "../../input-error.ts";
import { importFolder } from "./imported-run.ts";

/** A small π0 as LeRobot saves it, and the files of its processors' statistics. */
export const origin = join(import.meta.dirname, "../../../test/parity/released/pi0");
export const normalizer = "policy_preprocessor_step_6_normalizer_processor.safetensors";
export const unnormalizer = "policy_postprocessor_step_0_unnormalizer_processor.safetensors";
export const language = "model.paligemma_with_expert.paligemma.model.language_model";

export type FolderChange = (folder: string) => Promise<void>;

/** A change of the folder, in words, and what its import has to say then. */
export type Refused = readonly [what: string, change: FolderChange, message: string];

/**
 * Changes a copy of the folder, in a folder of the test's, and imports it.
 *
 * @returns the one line with which it was refused
 * @throws Error where it was imported, or did not end as a mistake of the user
 */
export async function refusalOf(root: string, what: string, change: FolderChange): Promise<string> {
  const folder = join(root, what.replaceAll(/\W+/g, "-"));
  await cp(origin, folder, { recursive: true });
  await change(folder);
  const error: unknown = await importFolder(folder, folder).catch((found: unknown) => found);
  if (!(error instanceof InputError)) throw new Error(`expected an InputError, got ${error}`);
  if (error.message.includes("\n")) throw new Error(`expected one line, got ${error.message}`);
  return error.message;
}

/** Rewrites a file of tensors. */
export const tensors =
  (file: string, change: (found: Map<string, Tensor>) => void): FolderChange =>
  async (folder) => {
    const path = join(folder, file);
    const found = await readSafetensors(path);
    change(found);
    await rm(path);
    await writeSafetensors(path, found, {});
  };

/** Replaces a text in a file, which has to be there. */
export const wording =
  (file: string, from: string, to: string): FolderChange =>
  async (folder) => {
    const path = join(folder, file);
    const before = await readFile(path, "utf8");
    if (!before.includes(from)) throw new RangeError(`${path}: expected ${from}`);
    await writeFile(path, before.replaceAll(from, to));
  };

export const ones = (...shape: number[]): Tensor => {
  const cells = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
  return { shape, type: "float32", cells };
};
