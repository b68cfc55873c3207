import { open, readlink } from "node:fs/promises";

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

/** As much of a file as tells text from a table or a film, whose numbers are no letters. */
const beginningBytes = 64;
const shownLetters = 30;

/** What stands in place of a table or a film at a path. @throws Error of the file system where it cannot be read */
export async function foreignFileDefect(path: string): Promise<string | null> {
  const file = await open(path).catch(async (error: unknown) => {
    throw await unopened(path, error);
  });
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(beginningBytes), 0, beginningBytes, 0);
    const beginning = buffer.subarray(0, bytesRead);
    return foreignDefect(beginning, (await file.stat()).size) ?? textDefect(beginning);
  } finally {
    await file.close();
  }
}

/** Why a file is not opened: where its name is there, it is a link, as the hub's own cache has for each file. */
export async function unopened(path: string, error: unknown): Promise<unknown> {
  const target = await readlink(path).catch(() => null);
  if (target === null || !(error instanceof Error && "code" in error && error.code === "ENOENT")) return error;
  return new ForeignFileError(`a link to ${target}, which is not there; fetch the file again`);
}

/** What a download wrote where a server answered that it gives nothing: the same request would bring it again. */
function textDefect(beginning: Uint8Array): string | null {
  const text = new TextDecoder().decode(beginning);
  if (!/^[\t\n\r -~]+$/.test(text)) return null;
  const shown = JSON.stringify(text.trim().slice(0, shownLetters));
  return `a text that begins ${shown}, as servers answer in place of a file; look at its address, the revision and the access token`;
}
