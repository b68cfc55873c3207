import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "../make-folder.ts";

/** How a value stands in its file. */
export interface CacheForm<T> {
  /** The value of a text, `null` or an error where the text is none; `key` stands in it, so that no other entry passes for it. */
  decode(text: string, key: string): T | null;
  /** `null` where the value is not worth keeping. */
  encode(value: T, key: string): string | null;
}

/**
 * The value of a key from the cache in `folder`, computed and put there first where it is not yet.
 *
 * An entry that is damaged is computed again; one that is written is written aside and renamed, so that processes may share
 * the cache. Where the folder cannot be written nothing is kept: a cache changes time and nothing else.
 *
 * @param words everything that the value is a function of
 */
export async function cached<T>(
  folder: string,
  words: readonly string[],
  form: CacheForm<T>,
  compute: () => Promise<T>,
): Promise<T> {
  const key = createHash("sha256").update(words.join("\n")).digest("hex");
  const path = join(folder, `${key}.json`);
  const known = decoded(await readFile(path, "utf8").catch(() => null), key, form);
  if (known !== null) return known;
  const value = await compute();
  const text = form.encode(value, key);
  if (text !== null) await write(folder, path, text).catch(() => {});
  return value;
}

function decoded<T>(text: string | null, key: string, form: CacheForm<T>): T | null {
  try {
    return text === null ? null : form.decode(text, key);
  } catch {
    // A damaged entry is as good as none: it is computed again and written anew.
    return null;
  }
}

async function write(folder: string, path: string, text: string): Promise<void> {
  await makeFolder(folder);
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(partial, text);
    await rename(partial, path);
  } finally {
    await rm(partial, { force: true });
  }
}
