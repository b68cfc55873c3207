import { type FileHandle, open } from "node:fs/promises";
import { DamagedFileError } from "../problem.ts";

const headerBytes = 16;

/** What a file begins with; those before the standard had no "ftyp". */
const firstKinds = ["ftyp", "moov", "mdat", "wide", "free", "skip"];

/** What Matroska and WebM files begin with, AVI, FLV, Ogg, and MPEG transport and program streams, and bare H.264 and H.265. */
const otherContainers = ["\x1aE\xdf\xa3", "RIFF", "FLV\x01", "OggS", "G@", "\0\0\x01", "\0\0\0\x01"];

/** A box of an MP4 file: four letters and what stands in it. */
export interface Box {
  readonly kind: string;
  readonly content: Buffer;
}

/**
 * The content of the `moov` box of a whole MP4 file: everything about its pictures but the pictures.
 *
 * @throws DamagedFileError saying what the file is instead of a whole one: the boxes at its top say how long it has to be
 * @source ISO/IEC 14496-12 § 4.2
 */
export async function movieBox(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const boxes = await topBoxes(file, (await file.stat()).size);
    const missing = ["moov", "mdat"].filter((kind) => !boxes.has(kind));
    if (missing.length > 0) throw new DamagedFileError(`a file without its "${missing.join('" and "')}" box`);
    const { at, length } = boxes.get("moov")!;
    const content = Buffer.alloc(length);
    const { bytesRead } = await file.read(content, 0, length, at);
    if (bytesRead < length) throw new DamagedFileError(`a file that ends early, after ${at + bytesRead} bytes`);
    return content;
  } finally {
    await file.close();
  }
}

/** The boxes that stand in a box, one after the other. */
export function* boxesIn(content: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= content.length; ) {
    const header = content.subarray(at, at + headerBytes);
    const length = boxLength(header, content.length - at);
    if (length === null || at + length > content.length)
      throw new DamagedFileError("a file whose description is damaged");
    const kind = header.toString("latin1", 4, 8);
    yield { kind, content: content.subarray(at + (header.readUInt32BE(0) === 1 ? headerBytes : 8), at + length) };
    at += length;
  }
}

/** The content of the first box of a kind below another, along a path of kinds: "mdia/minf/stbl"; `null` where there is none. */
export function boxAt(content: Buffer, path: string): Buffer | null {
  let found: Buffer | null = content;
  for (const kind of path.split("/"))
    found = found === null ? null : ([...boxesIn(found)].find((box) => box.kind === kind)?.content ?? null);
  return found;
}

/** Where the content of each kind of box at the top of a file lies. */
async function topBoxes(file: FileHandle, size: number): Promise<Map<string, { at: number; length: number }>> {
  if (size === 0) throw new DamagedFileError("an empty file");
  const boxes = new Map<string, { at: number; length: number }>();
  const header = Buffer.alloc(headerBytes);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(header, 0, headerBytes, at);
    const kind = header.toString("latin1", 4, 8);
    const length = boxLength(header, size - at);
    const isForeign = boxes.size === 0 && !firstKinds.includes(kind);
    if (isForeign && otherContainers.some((start) => header.toString("latin1").startsWith(start)))
      throw new Error('a film in another container than MP4; "ffmpeg -i OLD -c copy NEW.mp4" puts it into one');
    if (isForeign) throw new DamagedFileError("no MP4 file");
    if (bytesRead < 8 || length === null || !/^[ -~]{4}$/.test(kind))
      throw new DamagedFileError(`a file that is damaged after ${at} bytes`);
    const own = header.readUInt32BE(0) === 1 ? headerBytes : 8;
    boxes.set(kind, { at: at + own, length: length - own });
    at += length;
    if (at > size)
      throw new DamagedFileError(`a file of ${size} bytes that ends early, as it should have ${at} or more`);
  }
  return boxes;
}

/** Length of a box with its header; `null` where that is none. */
function boxLength(header: Buffer, rest: number): number | null {
  const stated = header.readUInt32BE(0);
  if (stated === 0) return rest;
  if (stated === 1 && header.length < headerBytes) return null;
  const length = stated === 1 ? Number(header.readBigUInt64BE(8)) : stated;
  return length >= (stated === 1 ? headerBytes : 8) ? length : null;
}
