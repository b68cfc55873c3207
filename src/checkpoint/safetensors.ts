import { type FileHandle, open } from "node:fs/promises";
import { reason } from "../dataset/problem.ts";
import { cells } from "../graph/axes.ts";
import { allocate } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { type FileDigest, isAbsent, writeDurably } from "./durable.ts";
import {
  type FileLayout,
  type Header,
  largestHeaderBytes,
  layOut,
  parseHeader,
  storedBytes,
  type Tensor,
  type TensorEntry,
  type TensorForm,
} from "./safetensors-header.ts";

/**
 * Writes tensors to a new file and waits until it is on the disk. Equal tensors give equal bytes, whatever their order.
 *
 * The cells go to the disk from where they stand; do not change them before the promise resolves.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Promise<FileDigest> {
  return writeLaidOut(path, tensors, layOut(tensors, metadata, "as Python"));
}

/** The same in blocks, for `mapSafetensors`. */
export function writeSafetensorsInBlocks(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<FileDigest> {
  return writeLaidOut(path, tensors, layOut(tensors, {}, "in blocks"));
}

function writeLaidOut(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  { prologue, entries }: ReturnType<typeof layOut>,
): Promise<FileDigest> {
  const pieces = entries.map(({ name }) => tensorBytes(tensors.get(name)!));
  return writeDurably(path, [prologue, ...pieces]);
}

/**
 * Tensors whose cells come in pieces, one tensor after the other, as a new file: files larger than the memory.
 *
 * @param piecesOf the cells of a tensor as the file has them, in order
 * @throws RangeError if the pieces of a tensor are more or fewer bytes than its form says
 */
export function writeSafetensorsInPieces(
  path: string,
  forms: ReadonlyMap<string, TensorForm>,
  piecesOf: (name: string) => AsyncIterable<Uint8Array>,
  layout: FileLayout,
): Promise<FileDigest> {
  const { prologue, entries } = layOut(forms, {}, layout);
  async function* pieces() {
    yield prologue;
    for (const { name, begin, end } of entries) {
      let bytes = 0;
      for await (const piece of piecesOf(name)) {
        bytes += piece.byteLength;
        yield piece;
      }
      if (bytes !== end - begin)
        throw new RangeError(`${path}: expected ${end - begin} bytes of "${name}", got ${bytes}`);
    }
  }
  return writeDurably(path, pieces());
}

/**
 * Every tensor of a file, by name.
 *
 * @throws InputError naming file and tensor where the file is absent or damaged
 */
export async function readSafetensors(path: string): Promise<Map<string, Tensor>> {
  const file = await SafetensorsFile.open(path);
  try {
    const tensors = new Map<string, Tensor>();
    for (const name of file.entries.keys()) tensors.set(name, await file.read(name));
    return tensors;
  } finally {
    await file.close();
  }
}

/** An open file whose tensors are read one at a time, for files larger than the memory. */
export class SafetensorsFile {
  readonly path: string;
  readonly entries: Header["entries"];
  readonly metadata: Header["metadata"];
  readonly #file: FileHandle;
  readonly #dataBegin: number;

  private constructor(path: string, file: FileHandle, header: Header, dataBegin: number) {
    this.path = path;
    this.entries = header.entries;
    this.metadata = header.metadata;
    this.#file = file;
    this.#dataBegin = dataBegin;
  }

  /** @throws InputError naming file and tensor where the file is absent or its header does not fit its bytes */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await open(path, "r").catch((error: unknown) => {
      throw new InputError(
        `${path}: expected a safetensors file, got ${isAbsent(error) ? "nothing there" : reason(error)}`,
      );
    });
    try {
      const found = await file.stat();
      if (found.isDirectory()) throw new InputError(`${path}: expected a safetensors file, got a folder in its place`);
      const { size } = found;
      const length = await readHeaderLength(path, file, size);
      const text = new Uint8Array(length);
      await readFully(path, file, text, 8);
      const header = parseHeader(path, new TextDecoder().decode(text), size - 8 - length);
      return new SafetensorsFile(path, file, header, 8 + length);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * One tensor; F16 and BF16 come as float32, which holds them exactly.
   *
   * @throws InputError if there is no tensor of that name, or a BOOL holds a byte that is neither 0 nor 1
   */
  async read(name: string): Promise<Tensor> {
    const entry = this.#entry(name);
    const { shape } = entry;
    switch (entry.stored) {
      case "F32":
        return { shape, type: "float32", cells: await this.#fill(entry, allocate("float32", cells(shape))) };
      case "F64":
        return { shape, type: "float64", cells: await this.#fill(entry, allocate("float64", cells(shape))) };
      case "I32":
        return { shape, type: "int32", cells: await this.#fill(entry, allocate("int32", cells(shape))) };
      case "I64":
        return { shape, type: "int64", cells: await this.#fill(entry, allocate("int64", cells(shape))) };
      case "I8":
        return { shape, type: "int8", cells: await this.#fill(entry, allocate("int8", cells(shape))) };
      case "U8":
        return { shape, type: "uint8", cells: await this.#fill(entry, allocate("uint8", cells(shape))) };
      case "BOOL":
        return {
          shape,
          type: "bool",
          cells: this.#checkBits(name, await this.#fill(entry, allocate("bool", cells(shape)))),
        };
      case "F16":
      case "BF16":
        return { shape, type: "float32", cells: await this.#widen(entry) };
    }
  }

  /**
   * Where the cells of a tensor of float32 stand in the file, in bytes.
   *
   * @throws InputError if there is no tensor of that name, or its cells are others
   */
  placeOf(name: string): { readonly offset: number; readonly length: number } {
    const { stored, begin, end } = this.#entry(name);
    if (stored !== "F32") throw new InputError(`${this.path}: expected float32 in "${name}", got ${stored}`);
    return { offset: this.#dataBegin + begin, length: end - begin };
  }

  /**
   * The cells of a tensor of floating-point numbers as bytes of float32, in pieces of at most 4 MiB. A piece is overwritten by the next.
   *
   * @throws InputError if there is no tensor of that name, or its cells are no floating-point numbers
   */
  async *float32Pieces(name: string): AsyncGenerator<Uint8Array> {
    const entry = this.#entry(name);
    const { stored, begin } = entry;
    if (stored !== "F32" && stored !== "F64" && stored !== "F16" && stored !== "BF16")
      throw new InputError(`${this.path}: expected floating-point numbers in "${name}", got ${stored}`);
    const all = cells(entry.shape);
    const read = new Uint8Array(Math.min(all, pieceCells) * storedBytes[stored]);
    for (let at = 0; at < all; at += pieceCells) {
      const part = read.subarray(0, Math.min(pieceCells, all - at) * storedBytes[stored]);
      await readFully(this.path, this.#file, part, this.#dataBegin + begin + at * storedBytes[stored]);
      yield asFloat32(stored, part);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new InputError(`${this.path}: expected a tensor "${name}", got none of that name`);
    return entry;
  }

  async #fill<S extends ArrayBufferView>(entry: TensorEntry, storage: S): Promise<S> {
    const bytes = new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength);
    await readFully(this.path, this.#file, bytes, this.#dataBegin + entry.begin);
    return storage;
  }

  /** Half-width cells as float32. */
  async #widen(entry: TensorEntry): Promise<Float32Array> {
    const wide = new Float32Array(cells(entry.shape));
    let begin = 0;
    for await (const { buffer, byteOffset, byteLength } of this.float32Pieces(entry.name)) {
      wide.set(new Float32Array(buffer, byteOffset, byteLength / 4), begin);
      begin += byteLength / 4;
    }
    return wide;
  }

  #checkBits(name: string, bits: Uint8Array): Uint8Array {
    const invalid = bits.findIndex((bit) => bit > 1);
    if (invalid >= 0)
      throw new InputError(
        `${this.path}: tensor "${name}": expected bytes of 0 and 1, got ${bits[invalid]} at cell ${invalid}`,
      );
    return bits;
  }
}

/** Cells that are read at once: 4 MiB of float32. */
const pieceCells = 1 << 20;

/** Cells of a file as bytes of float32: half-width ones exactly, float64 rounded. */
function asFloat32(stored: "F32" | "F64" | "F16" | "BF16", { buffer, byteLength }: Uint8Array): Uint8Array {
  switch (stored) {
    case "F32":
      return new Uint8Array(buffer, 0, byteLength);
    case "F64":
      return asBytes(Float32Array.from(new Float64Array(buffer, 0, byteLength / 8)));
    case "F16":
      return asBytes(Float32Array.from(new Float16Array(buffer, 0, byteLength / 2)));
    case "BF16":
      return asBytes(fromBfloat16(new Uint16Array(buffer, 0, byteLength / 2)));
  }
}

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(half: Uint16Array): Uint32Array {
  return Uint32Array.from(half, (bits) => bits << 16);
}

/** The cells of a tensor as a file has them. */
export function tensorBytes({ cells: storage }: Tensor): Uint8Array {
  return asBytes(storage);
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function readHeaderLength(path: string, file: FileHandle, size: number): Promise<number> {
  if (size < 8) throw new InputError(`${path}: expected a safetensors file of at least 8 bytes, got ${size}`);
  const length = new Uint8Array(8);
  await readFully(path, file, length, 0);
  const bytes = Number(new DataView(length.buffer).getBigUint64(0, true));
  // A pickle of Python's, or the archive that PyTorch keeps one in.
  if ((length[0] === 0x80 && length[1]! < 6) || (length[0] === 0x50 && length[1] === 0x4b && length[2] === 3))
    throw new InputError(
      `${path}: expected a safetensors file, got a Python pickle under its name, which runs code when it is read`,
    );
  if (bytes > largestHeaderBytes)
    throw new InputError(`${path}: expected a safetensors header, got ${bytes} bytes of it`);
  if (8 + bytes > size)
    throw new InputError(`${path}: the header has ${bytes} bytes, the file has ${size}; the file is truncated`);
  return bytes;
}

async function readFully(path: string, file: FileHandle, out: Uint8Array, position: number): Promise<void> {
  for (let begin = 0; begin < out.byteLength; ) {
    // The system reads at most 2 GiB at once.
    const length = Math.min(out.byteLength - begin, 1 << 30);
    const { bytesRead } = await file.read(out, begin, length, position + begin);
    if (bytesRead === 0)
      throw new InputError(`${path}: expected more bytes at ${position + begin}, got the file's end`);
    begin += bytesRead;
  }
}
