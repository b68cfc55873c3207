import { createHash, type Hash } from "node:crypto";
import { writeSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "../input-error.ts";

/** A file by size and content. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

const chunkBytes = 8 << 20;

/**
 * Writes pieces one after the other to a new file and waits until they are on the disk; each is hashed on its way, none is copied.
 *
 * @throws the system's error where the disk is full (see `isOutOfRoom`); nothing is left of the file then
 */
export async function writeDurably(
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<FileDigest> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "wx");
  try {
    for await (const piece of pieces) {
      await writePiece(file, piece, hash);
      bytes += piece.byteLength;
    }
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/**
 * Puts a file in the place of one that may be there, whole or not at all.
 *
 * @throws InputError where the disk is full; what was there stays
 */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const unfinished = `${path}.partial`;
  await rm(unfinished, { force: true });
  try {
    await writeDurably(unfinished, [new TextEncoder().encode(text)]);
    await rename(unfinished, path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw isOutOfRoom(error) ? new InputError(`${path}: expected room for it, got a full disk; free some`) : error;
  }
}

/**
 * Writes all of some bytes behind what an open file holds.
 *
 * @param path of the file, for the error
 * @throws InputError where the disk is full
 */
export function appendEvent(file: number, bytes: Uint8Array, path: string): void {
  try {
    for (let begin = 0; begin < bytes.length; ) begin += writeSync(file, bytes, begin);
  } catch (error) {
    throw isOutOfRoom(error) ? new InputError(`${path}: expected room for an event, got a full disk`) : error;
  }
}

/** Waits until the names in a folder are on the disk: a rename is durable only after this. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Size and hash of a file. */
export async function digest(path: string): Promise<FileDigest> {
  const hash = createHash("sha256");
  const chunk = new Uint8Array(chunkBytes);
  let bytes = 0;
  const file = await open(path, "r");
  try {
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, bytes);
      if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Whether a write failed because the disk, the quota or the largest file size is used up. */
export function isOutOfRoom(error: unknown): boolean {
  return isSystemError(error) && ["ENOSPC", "EDQUOT", "EFBIG"].includes(error.code);
}

/** Whether a file or folder was not there. */
export function isAbsent(error: unknown): boolean {
  return isSystemError(error) && ["ENOENT", "ENOTDIR"].includes(error.code);
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

async function writePiece(file: FileHandle, piece: Uint8Array, hash: Hash): Promise<void> {
  for (let begin = 0; begin < piece.byteLength; ) {
    const { bytesWritten } = await file.write(piece, begin, Math.min(chunkBytes, piece.byteLength - begin));
    hash.update(piece.subarray(begin, begin + bytesWritten));
    begin += bytesWritten;
  }
}
