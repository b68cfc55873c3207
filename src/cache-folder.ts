import { homedir } from "node:os";
import { join } from "node:path";

/** Where what is fetched or computed is kept for later runs: in `ARMATURE_CACHE`, else in `armature` in the user's cache folder. */
export function cacheFolder(kind: "cuda" | "hub" | "openvino" | "statistics"): string {
  const { ARMATURE_CACHE, XDG_CACHE_HOME } = process.env;
  return join(ARMATURE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "armature"), kind);
}
