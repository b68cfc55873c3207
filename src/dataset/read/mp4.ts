import { type FileHandle, open } from "node:fs/promises";
import { reason } from "../problem.ts";

const headerBytes = 16;

/** What a file begins with; those before the standard had no "ftyp". */
const firstKinds = ["ftyp", "moov", "mdat", "wide", "free", "skip"];

/**
 * What is wrong with an MP4 file as a whole, found without decoding: the boxes at its top say how long it has to be.
 *
 * @returns what the file is instead of a whole one, or `null` where it is whole
 * @source ISO/IEC 14496-12 § 4.2
 */
export async function mp4Defect(path: string): Promise<string | null> {
  let file: FileHandle | null = null;
  try {
    file = await open(path);
    return await boxDefect(file, (await file.stat()).size);
  } catch (error) {
    return reason(error);
  } finally {
    await file?.close();
  }
}

async function boxDefect(file: FileHandle, size: number): Promise<string | null> {
  if (size === 0) return "an empty file";
  const kinds = new Set<string>();
  const header = Buffer.alloc(headerBytes);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(header, 0, headerBytes, at);
    const kind = header.toString("latin1", 4, 8);
    const length = boxLength(header, size - at);
    if (kinds.size === 0 && !firstKinds.includes(kind)) return "no MP4 file";
    if (bytesRead < 8 || length === null || !/^[ -~]{4}$/.test(kind)) return `a file that is damaged after ${at} bytes`;
    kinds.add(kind);
    at += length;
    if (at > size) return `a file of ${size} bytes that ends early, as it should have ${at} or more`;
  }
  const missing = ["moov", "mdat"].filter((kind) => !kinds.has(kind));
  return missing.length === 0 ? null : `a file without its "${missing.join('" and "')}" box`;
}

/** Length of a box with its header; `null` where that is none. */
function boxLength(header: Buffer, rest: number): number | null {
  const stated = header.readUInt32BE(0);
  if (stated === 0) return rest;
  const length = stated === 1 ? Number(header.readBigUInt64BE(8)) : stated;
  return length >= (stated === 1 ? headerBytes : 8) ? length : null;
}
