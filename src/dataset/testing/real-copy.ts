import { chmod, cp, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
import { realDataset } from "./real-data.ts";

/**
 * A copy of a real dataset, or of a file in one, that the running test may change; it is removed when the test has ended.
 *
 * @param path below the folder of the real datasets: "pusht", "pusht/meta/info.json"
 * @returns path of the copy, which alone is in a temporary folder
 */
export function copyOfReal(path: string): Promise<string> {
  return copyWithoutLinks(realDataset(path));
}

/** A copy of a folder or file that shares nothing with it: what stands behind symbolic links is copied, and may be written to. */
export async function copyWithoutLinks(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "armature-copy-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const copy = join(folder, basename(source));
  await cp(source, copy, { recursive: true, dereference: true });
  // A copy of what may not be written may not be written either.
  for (const each of [copy, ...(await below(copy))]) await chmod(each, (await stat(each)).mode | 0o200);
  return copy;
}

async function below(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [];
  return (await readdir(path, { recursive: true })).map((name) => join(path, name));
}
