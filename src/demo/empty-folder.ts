import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { reason } from "../dataset/problem.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";

/** @throws InputError where the folder cannot be made or written, or something stands in it: nothing is written over */
export async function makeEmptyFolder(folder: string): Promise<void> {
  const found = await openFolder(folder).catch((error: unknown) => {
    throw new InputError(
      `${folder}: expected a folder that can be written, got ${reason(error)}; choose another with --out`,
    );
  });
  if (found.length === 0) return;
  const more = found.length > 3 ? ", …" : "";
  throw new InputError(
    `${folder}: expected a new or empty folder, got one with ${found.slice(0, 3).join(", ")}${more}; choose another with --out`,
  );
}

async function openFolder(folder: string): Promise<string[]> {
  await makeFolder(folder);
  await access(folder, constants.W_OK | constants.X_OK);
  return await readdir(folder);
}
