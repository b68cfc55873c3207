import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { crc32, createInflateRaw } from "node:zlib";

/** What is wrong with an archive. */
export class ZipError extends Error {}

/** A file in an archive, as the archive's directory tells of it. */
export interface ZipEntry {
  /** With folders, parted by `/`. */
  readonly path: string;
  /** Size once it is unpacked. */
  readonly bytes: number;
  readonly crc32: number;
  readonly method: number;
  readonly packedBytes: number;
  /** Where its own header begins in the archive. */
  readonly headerAt: number;
}

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 };
const headBytes = { local: 30, entry: 46, end: 22 };
/** What follows the end record at most: a comment. */
const longestComment = 0xffff;
const pieceBytes = 1 << 18;
const methods = { stored: 0, deflated: 8 };

/**
 * The files that the directory of a zip archive names, folders left out.
 *
 * @throws ZipError where it is none that is read here: encrypted, in several parts, of 4 GiB or more, a path that leaves its folder
 * @source PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16
 */
export async function zipEntries(archive: FileHandle): Promise<ZipEntry[]> {
  const { size } = await archive.stat();
  const tail = await bytesAt(archive, Math.max(0, size - headBytes.end - longestComment), size);
  const at = endRecordIn(tail);
  const [disk, diskOfDirectory, here, count] = [4, 6, 8, 10].map((offset) => tail.readUInt16LE(at + offset));
  const [length, begin] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (disk !== 0 || diskOfDirectory !== 0 || here !== count) throw new ZipError("an archive in several parts");
  if (count === 0xffff || begin === 0xffffffff) throw new ZipError("an archive of 4 GiB or more");
  if (begin + length > size - (tail.length - at)) throw new ZipError("an archive whose directory is cut off");
  const directory = await bytesAt(archive, begin, begin + length);
  const entries: ZipEntry[] = [];
  let next = 0;
  for (let number = 0; number < count!; number++) {
    const { entry, length } = entryAt(directory, next);
    if (!entry.path.endsWith("/")) entries.push(entry);
    next += length;
  }
  return entries;
}

/**
 * What a file of an archive holds, piece by piece.
 *
 * @throws ZipError at the end where the bytes are not those that the directory promises
 */
export async function* unpacked(archive: FileHandle, entry: ZipEntry): AsyncGenerator<Buffer> {
  const head = await bytesAt(archive, entry.headerAt, entry.headerAt + headBytes.local);
  if (head.readUInt32LE(0) !== signatures.local)
    throw new ZipError(`no file where the directory says "${entry.path}" is`);
  const begin = entry.headerAt + headBytes.local + head.readUInt16LE(26) + head.readUInt16LE(28);
  let [bytes, sum] = [0, 0];
  for await (const piece of entry.packedBytes === 0 ? [] : inflated(archive, entry, begin)) {
    bytes += piece.length;
    sum = crc32(piece, sum);
    // An archive may promise little and hold without end.
    if (bytes > entry.bytes) break;
    yield piece;
  }
  if (bytes !== entry.bytes || sum !== entry.crc32)
    throw new ZipError(`other bytes in "${entry.path}" than its sum says`);
}

async function* inflated(archive: FileHandle, entry: ZipEntry, begin: number): AsyncGenerator<Buffer> {
  const packed = pieces(archive, begin, begin + entry.packedBytes);
  if (entry.method === methods.stored) {
    yield* packed;
    return;
  }
  // What fails is thrown where the pieces are read.
  const inflating = pipeline(packed, createInflateRaw({ chunkSize: pieceBytes }), () => {});
  try {
    for await (const piece of inflating) yield Buffer.from(piece);
  } catch (error) {
    const isOfZlib = error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
    throw isOfZlib ? new ZipError(`a file "${entry.path}" that is damaged (${error.message})`) : error;
  }
}

async function* pieces(archive: FileHandle, begin: number, end: number): AsyncGenerator<Buffer> {
  for (let at = begin; at < end; at += pieceBytes) yield await bytesAt(archive, at, Math.min(end, at + pieceBytes));
}

function endRecordIn(tail: Buffer): number {
  for (let at = tail.length - headBytes.end; at >= 0; at--)
    if (tail.readUInt32LE(at) === signatures.end && at + headBytes.end + tail.readUInt16LE(at + 20) === tail.length)
      return at;
  throw new ZipError("no zip archive");
}

function entryAt(directory: Buffer, at: number): { readonly entry: ZipEntry; readonly length: number } {
  if (at + headBytes.entry > directory.length || directory.readUInt32LE(at) !== signatures.entry)
    throw new ZipError("an archive whose directory is cut off");
  const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset));
  const length = headBytes.entry + nameBytes! + extraBytes! + commentBytes!;
  if (at + length > directory.length) throw new ZipError("an archive whose directory is cut off");
  const path = directory.toString("utf8", at + headBytes.entry, at + headBytes.entry + nameBytes!);
  const [crc, packedBytes, bytes] = [16, 20, 24].map((offset) => directory.readUInt32LE(at + offset));
  const entry = {
    path,
    bytes: bytes!,
    crc32: crc!,
    method: directory.readUInt16LE(at + 10),
    packedBytes: packedBytes!,
    headerAt: directory.readUInt32LE(at + 42),
  };
  refuse(entry, directory.readUInt16LE(at + 8));
  return { entry, length };
}

function refuse({ path, method, bytes, packedBytes, headerAt }: ZipEntry, flags: number): void {
  const isWithin = path !== "" && !path.includes("\\") && !path.includes("\0") && !path.startsWith("/");
  if (!isWithin || path.split("/").some((part) => part === ".." || part === "."))
    throw new ZipError(`a file "${path}", which leaves the folder`);
  if ((flags & 1) !== 0) throw new ZipError(`a file "${path}" that is encrypted`);
  if (method !== methods.stored && method !== methods.deflated)
    throw new ZipError(`a file "${path}" packed in way ${method}, which is neither stored nor deflated`);
  if ([bytes, packedBytes, headerAt].includes(0xffffffff)) throw new ZipError("an archive of 4 GiB or more");
}

async function bytesAt(archive: FileHandle, begin: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - begin);
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await archive.read(bytes, filled, bytes.length - filled, begin + filled);
    if (bytesRead === 0) throw new ZipError("an archive that is cut off");
    filled += bytesRead;
  }
  return bytes;
}
