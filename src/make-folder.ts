import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it that are not there; one that is there stays as it is.
 *
 * Node's own way, `recursive: true`, never comes back where a file system that takes no folders answers that a path is not there
 * while the folder above it is, as `/proc` does.
 *
 * @throws the system's error where it cannot be made
 */
export async function makeFolder(path: string): Promise<void> {
  const refusal = await make(path);
  if (refusal === null) return;
  const above = dirname(path);
  if (!isAbsent(refusal) || above === path) throw refusal;
  // Where it is there by now, somebody else has made it since, and the folder can be made after all.
  if (!(await isFolder(above))) await makeFolder(above);
  const again = await make(path);
  if (again !== null) throw again;
}

/** Why a folder was not made; `null` where it is there now, also if somebody else was quicker. */
async function make(path: string): Promise<Error | null> {
  try {
    await mkdir(path);
    return null;
  } catch (error) {
    if (await isFolder(path)) return null;
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isAbsent(error: Error): boolean {
  return "code" in error && error.code === "ENOENT";
}
