import { homedir } from "node:os";
import { join } from "node:path";

/** Where what is fetched or computed is kept for later runs: in `ARMATURE_CACHE`, else in `armature` in the user's cache folder. */
export function cacheFolder(kind: "hub" | "statistics" | LibrarySet): string {
  const { ARMATURE_CACHE, XDG_CACHE_HOME } = process.env;
  return join(ARMATURE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "armature"), kind);
}

/** Libraries that not everybody needs, and that no package of npm holds. */
export type LibrarySet = "cuda" | "openvino";

/** Names the folder of each set, where it is not in the cache. */
export const libraryVariables = { cuda: "ARMATURE_CUDA", openvino: "ARMATURE_OPENVINO" } as const;

/** Where a set of libraries is, or is to be. */
export function libraryFolder(set: LibrarySet): string {
  return process.env[libraryVariables[set]] || cacheFolder(set);
}
