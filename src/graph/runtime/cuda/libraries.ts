import { existsSync, lstatSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { libraryFolder } from "../../../cache-folder.ts";
import { openLibrary } from "../foreign-library.ts";

/** What the runtime opens for CUDA, beside its own library. */
const providers = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

/** NVIDIA's libraries that those need, each after those that it needs itself. */
const libraries = ["libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10"];

/** A file of NVIDIA's packages; where the folder has none, its name alone, by which the system is asked. */
export function cudaLibrary(name: string): string {
  const file = join(libraryFolder("cuda"), "nvidia/cu13/lib", name);
  return existsSync(file) ? file : name;
}

/**
 * Has the runtime find its libraries for CUDA, which it looks for beside its own, and these find NVIDIA's.
 *
 * @param runtime the runtime's own library
 * @throws Error naming what cannot be opened or linked
 */
export function linkCuda(runtime: string): void {
  for (const name of providers)
    link(join(libraryFolder("cuda"), "onnxruntime/capi", name), join(dirname(runtime), name));
  for (const name of libraries) openLibrary(cudaLibrary(name), "global");
}

/** A link to the file; one that leads elsewhere is replaced, and a file that is there already is another's and stays. */
function link(file: string, place: string): void {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found !== undefined && !found.isSymbolicLink()) return;
  if (!existsSync(file)) {
    if (found === undefined) throw new Error(`no ${file}`);
    return;
  }
  if (found !== undefined && readlinkSync(place) === file) return;
  if (found !== undefined) unlinkSync(place);
  symlinkSync(file, place);
}
