import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import protobuf from "protobufjs/light.js";
import { InputError } from "../input-error.ts";
import { entryMessage, modelFields } from "./onnx.ts";

/** What an ONNX file says of itself, beside its graph. */
export interface OnnxFacts {
  /** The program that wrote it; `null` where it does not say. */
  readonly producer: string | null;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A field's tag and length are in this many bytes. */
const headBytes = 16;

/** How the bytes of a field are counted, by the last three bits of its tag. */
const wire = { varint: 0, eight: 1, counted: 2, four: 5 } as const;

/**
 * The metadata of an ONNX file. The graph is passed over, however large.
 *
 * @throws InputError where there is no such file, it is none of ONNX, or it has been cut short
 */
export function readOnnxFacts(path: string): OnnxFacts {
  const file = opened(path);
  try {
    const size = fstatSync(file).size;
    const metadata = new Map<string, string>();
    let producer: string | null = null;
    let hasGraph = false;
    for (let at = 0; at < size; ) {
      const field = fieldAt(path, file, at);
      if (field.end > size)
        throw new InputError(
          `${path}: expected at least ${field.end} bytes, got ${size}; it was cut short, copy it again`,
        );
      if (field.number === modelFields.producer) producer = bytesOf(file, field).toString("utf8");
      if (field.number === modelFields.graph) hasGraph = true;
      if (field.number === modelFields.metadata) metadata.set(...entryOf(path, bytesOf(file, field)));
      at = field.end;
    }
    if (!hasGraph) throw strange(path);
    return { producer, metadata };
  } finally {
    closeSync(file);
  }
}

interface Field {
  readonly number: number;
  /** Where its content begins, and where the next field does. */
  readonly begin: number;
  readonly end: number;
}

/** @throws InputError where no model has such a field */
function fieldAt(path: string, file: number, at: number): Field {
  const head = Buffer.alloc(headBytes);
  const reader = protobuf.Reader.create(head.subarray(0, readSync(file, head, 0, headBytes, at)));
  try {
    const tag = reader.uint32();
    const number = tag >>> 3;
    // Every ONNX file begins with the version of its representation.
    if (at === 0 && number !== modelFields.irVersion) throw strange(path);
    const length = lengthOf(reader, tag & 7);
    return { number, begin: at + reader.pos, end: at + reader.pos + length };
  } catch {
    throw strange(path);
  }
}

/** Bytes behind what has been read. @throws RangeError of a kind that models do not have */
function lengthOf(reader: protobuf.Reader, kind: number): number {
  switch (kind) {
    case wire.varint:
      reader.skipType(wire.varint);
      return 0;
    case wire.eight:
      return 8;
    case wire.counted:
      return reader.uint32();
    case wire.four:
      return 4;
    default:
      throw new RangeError(`fieldAt: expected a field of a model, got kind ${kind}`);
  }
}

function bytesOf(file: number, { begin, end }: Field): Buffer {
  const bytes = Buffer.alloc(end - begin);
  readSync(file, bytes, 0, bytes.length, begin);
  return bytes;
}

function entryOf(path: string, bytes: Uint8Array): [key: string, value: string] {
  try {
    const { key, value } = entryMessage.decode(bytes).toJSON();
    return [String(key ?? ""), String(value ?? "")];
  } catch {
    throw strange(path);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const [reason] = String(error).split("\n", 1);
    throw new InputError(`${path}: expected an ONNX file, got ${reason}`);
  }
}

function strange(path: string): InputError {
  return new InputError(`${path}: expected an ONNX file, got something else`);
}
