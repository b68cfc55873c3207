import { open } from "node:fs/promises";

/** A file that is there and is not what its name says. */
export class ForeignFileError extends Error {}

/** How a file begins that `git clone` left in place of a large one. */
const pointerBeginning = "version https://git-lfs.github.com/spec/";

/**
 * What stands in place of a file: nothing, or a pointer to it; `null` where it may be the file itself.
 *
 * @param beginning the first bytes of the file, or all of them
 * @param size of the whole file, in bytes
 * @source git-lfs docs/spec.md: a pointer is a text of less than 1024 bytes that begins with its version
 */
export function foreignDefect(beginning: Uint8Array, size: number): string | null {
  if (size === 0) return "an empty file";
  const text = new TextDecoder("latin1").decode(beginning.subarray(0, pointerBeginning.length));
  return text === pointerBeginning
    ? "a Git LFS pointer in place of the file; run `git lfs pull` in its repository"
    : null;
}

/** The same of a file at a path. @throws Error of the file system where it cannot be read */
export async function foreignFileDefect(path: string): Promise<string | null> {
  const file = await open(path);
  try {
    const beginning = new Uint8Array(pointerBeginning.length);
    const { bytesRead } = await file.read(beginning, 0, beginning.length, 0);
    return foreignDefect(beginning.subarray(0, bytesRead), (await file.stat()).size);
  } finally {
    await file.close();
  }
}
