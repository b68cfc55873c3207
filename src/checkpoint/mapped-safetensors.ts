import { MappedFile } from "../graph/runtime/mapped-file.ts";
import { isAligned } from "../graph/runtime/match.ts";
import { SafetensorsFile } from "./safetensors.ts";
import type { Tensor } from "./safetensors-header.ts";

/**
 * Every tensor of a file, by name, with the cells of `readSafetensors`; float32 that a program may take as it stands is the file's own
 * pages, not a copy of them, wherever the system has that.
 *
 * The file may be deleted, but not be written into while one of its tensors is in use.
 *
 * @throws InputError naming file and tensor where the file is absent or damaged
 */
export async function mapSafetensors(path: string): Promise<Map<string, Tensor>> {
  return await mapped(path, isAligned);
}

/** The same for cells that are only copied from: all float32 is the file's own pages, wherever a tensor begins. */
export async function mapSafetensorsToCopy(path: string): Promise<Map<string, Tensor>> {
  return await mapped(path, (offset) => offset % Float32Array.BYTES_PER_ELEMENT === 0);
}

async function mapped(path: string, mayStand: (offset: number) => boolean): Promise<Map<string, Tensor>> {
  const file = await SafetensorsFile.open(path);
  try {
    const pages = MappedFile.open(path);
    const tensors = new Map<string, Tensor>();
    for (const [name, { stored, shape }] of file.entries) {
      const place = pages !== null && stored === "F32" ? file.placeOf(name) : null;
      if (pages === null || place === null || !mayStand(place.offset)) {
        tensors.set(name, await file.read(name));
        continue;
      }
      const cells = new Float32Array(pages.bytes, place.offset, place.length / Float32Array.BYTES_PER_ELEMENT);
      tensors.set(name, { shape, type: "float32", cells });
    }
    return tensors;
  } finally {
    await file.close();
  }
}
