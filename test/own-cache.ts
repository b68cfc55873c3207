import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives all tests of a run, and the processes that they start, a cache of their own; what comes back removes it. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "armature-cache-"));
  process.env.ARMATURE_CACHE = folder;
  return () => rmSync(folder, { recursive: true });
}
