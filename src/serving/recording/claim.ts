import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../input-error.ts";

/**
 * Takes a folder for this process alone; a process that was killed has let go of it.
 *
 * @returns lets go of it
 * @throws InputError where another process that runs has it
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, ".server");
  const owner = Number(await readFile(path, "utf8").catch(() => "0"));
  if (owner > 0 && owner !== process.pid && isRunning(owner))
    throw new InputError(
      `--record: expected a folder of its own for each server, got ${folder}, into which process ${owner} writes`,
    );
  await writeFile(path, String(process.pid));
  // Where the folder is gone there is nothing to let go of.
  return async () => await rm(path, { force: true }).catch(() => {});
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
