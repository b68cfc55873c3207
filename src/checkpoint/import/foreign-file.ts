import { readFile } from "node:fs/promises";
import { reason } from "../../dataset/problem.ts";
import { InputError } from "../../input-error.ts";
import { isAbsent } from "../durable.ts";

/**
 * The text of another project's file; `null` where there is none.
 *
 * @throws InputError where something is there that cannot be read: a folder, links in a circle, a file without permission
 */
export async function textOf(path: string): Promise<string | null> {
  return await readFile(path, "utf8").catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw new InputError(`${path}: expected a file that can be read, got ${reason(error)}`);
  });
}
