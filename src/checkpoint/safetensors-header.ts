import { z } from "zod";
import { cells } from "../graph/axes.ts";
import type { DataType, Storage } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";

/** A dense array without names for its axes, as the format knows it; a `HostArray` is one. */
export type Tensor = {
  readonly [D in DataType]: { readonly shape: readonly number[]; readonly type: D; readonly cells: Storage<D> };
}[DataType];

/** A tensor without its cells. */
export type TensorForm = Pick<Tensor, "shape" | "type">;

/** Bytes per cell of the types that are read, by the format's names. */
export const storedBytes = { I64: 8, F64: 8, F32: 4, I32: 4, BF16: 2, F16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

export type StoredType = keyof typeof storedBytes;

/** Where a tensor stands in its file. */
export interface TensorEntry {
  readonly name: string;
  readonly stored: StoredType;
  readonly shape: readonly number[];
  /** Offset of its first byte, from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference reads no header above this. */
export const largestHeaderBytes = 100_000_000;

const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());
const natural = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(natural),
  data_offsets: z.tuple([natural, natural]),
});

/**
 * What a header says, checked against the number of bytes behind it.
 *
 * @throws InputError naming file and tensor where an entry is malformed, of an unread type, overlaps, leaves a hole or passes the file's end
 * @source github.com/huggingface/safetensors README, "Format"
 */
export function parseHeader(path: string, text: string, dataBytes: number): Header {
  const { __metadata__: metadata, ...tensors } = parseObject(path, text);
  const parsedMetadata = metadataSchema.safeParse(metadata ?? {});
  if (!parsedMetadata.success) throw new InputError(`${path}: expected "__metadata__" to map names to texts`);
  const entries = Object.entries(tensors)
    .map(([name, entry]) => parseEntry(path, name, entry))
    .sort((one, other) => one.begin - other.begin || one.end - other.end);
  checkCover(path, entries, dataBytes);
  return { entries: new Map(entries.map((entry) => [entry.name, entry])), metadata: parsedMetadata.data };
}

const writtenTypes = {
  int64: "I64",
  float64: "F64",
  float32: "F32",
  int32: "I32",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
} as const;

/** Wide cells first, so that every tensor is aligned; then by name, so that equal tensors give equal bytes. */
const writtenOrder: readonly StoredType[] = ["I64", "F64", "F32", "I32", "I8", "U8", "BOOL"];

/**
 * How tensors stand in a file. `as Python`: to the byte as the reference writes them. `in blocks`: those that fill blocks of 64 bytes come
 * first and begin at one, so that the runtime computes with them where they stand (`mapSafetensors`).
 */
export type FileLayout = "as Python" | "in blocks";

/** Bytes that the length of what stands before a tensor is a multiple of. */
const blockBytes = { "as Python": 8, "in blocks": 64 } as const;

/** Where tensors will stand in a file, and its first bytes: the header with its length, padded to whole blocks. */
export function layOut(
  tensors: ReadonlyMap<string, TensorForm>,
  metadata: Readonly<Record<string, string>>,
  layout: FileLayout,
): { readonly prologue: Uint8Array; readonly entries: readonly TensorEntry[] } {
  let begin = 0;
  const entries: TensorEntry[] = [];
  const sorted = [...tensors].sort(byTypeAndName);
  const fills = ([, form]: [string, TensorForm]) => layout === "as Python" || bytesOf(form) % blockBytes[layout] === 0;
  for (const [name, tensor] of [...sorted.filter(fills), ...sorted.filter((one) => !fills(one))]) {
    const stored = writtenTypes[tensor.type];
    const end = begin + bytesOf(tensor);
    entries.push({ name, stored, shape: tensor.shape, begin, end });
    begin = end;
  }
  return { prologue: encodeHeader(entries, metadata, blockBytes[layout]), entries };
}

function encodeHeader(
  entries: readonly TensorEntry[],
  metadata: Readonly<Record<string, string>>,
  block: number,
): Uint8Array {
  const fields = entries.map(({ name, stored, shape, begin, end }) => [
    name,
    { dtype: stored, shape, data_offsets: [begin, end] },
  ]);
  const described = Object.entries(metadata).sort(([one], [other]) => compare(one, other));
  const first = described.length === 0 ? [] : [["__metadata__", Object.fromEntries(described)]];
  const json = new TextEncoder().encode(writeObject([...first, ...fields]));
  const length = Math.ceil((8 + json.length) / block) * block - 8;
  const prologue = new Uint8Array(8 + length).fill(0x20);
  new DataView(prologue.buffer).setBigUint64(0, BigInt(length), true);
  prologue.set(json, 8);
  return prologue;
}

/** JSON in the order given: an object literal would put names that look like numbers first. */
function writeObject(fields: readonly (readonly unknown[])[]): string {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

function byTypeAndName([oneName, one]: [string, TensorForm], [otherName, other]: [string, TensorForm]): number {
  const rank = writtenOrder.indexOf(writtenTypes[one.type]) - writtenOrder.indexOf(writtenTypes[other.type]);
  return rank || compare(oneName, otherName);
}

function bytesOf({ shape, type }: TensorForm): number {
  return cells(shape) * storedBytes[writtenTypes[type]];
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InputError(`${path}: expected a safetensors header in JSON, got something else; the file is damaged`);
  }
  const header = headerSchema.safeParse(parsed);
  if (!header.success) throw new InputError(`${path}: expected the header to map names to tensors`);
  return header.data;
}

function parseEntry(path: string, name: string, value: unknown): TensorEntry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success)
    throw new InputError(
      `${path}: tensor "${name}": expected dtype, shape and data_offsets, got ${JSON.stringify(value)}`,
    );
  const { dtype, shape } = parsed.data;
  const [begin, end] = parsed.data.data_offsets;
  if (!isStoredType(dtype))
    throw new InputError(
      `${path}: tensor "${name}": expected a type of ${Object.keys(storedBytes).join(", ")}, got ${dtype}`,
    );
  const expected = cells(shape) * storedBytes[dtype];
  if (end - begin !== expected)
    throw new InputError(
      `${path}: tensor "${name}": expected ${expected} bytes for ${dtype} [${shape.join(", ")}], got ${end - begin}`,
    );
  return { name, stored: dtype, shape, begin, end };
}

/** @throws InputError unless the tensors follow each other without overlap or hole and end where the file ends */
function checkCover(path: string, entries: readonly TensorEntry[], dataBytes: number): void {
  let reached = 0;
  for (const { name, begin, end } of entries) {
    if (begin < reached)
      throw new InputError(`${path}: tensor "${name}" overlaps the one before it by ${reached - begin} bytes`);
    if (begin > reached)
      throw new InputError(`${path}: tensor "${name}" leaves a hole of ${begin - reached} bytes before it`);
    if (end > dataBytes)
      throw new InputError(
        `${path}: tensor "${name}" ends ${end - dataBytes} bytes past the end of the file; the file is truncated`,
      );
    reached = end;
  }
  if (reached < dataBytes) throw new InputError(`${path}: ${dataBytes - reached} bytes follow the last tensor`);
}

function isStoredType(type: string): type is StoredType {
  return Object.hasOwn(storedBytes, type);
}
