import { Packr, Unpackr } from "msgpackr";
import { InputError } from "../src/input-error.ts";

/** A dense array of numbers as numpy has it: cells in C order, of a type by its numpy name, such as `<f4`. */
export interface NumberArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a message may hold. */
export type MessageValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | NumberArray
  | readonly MessageValue[]
  | Message;

/** A message: values by name. */
export interface Message extends ReadonlyMap<string, MessageValue> {}

const arrayMark = "__ndarray__";
const scalarMark = "__npgeneric__";
const deepest = 16;

const packer = new Packr({ useRecords: false, mapsAsObjects: false, variableMapSize: true });
const unpacker = new Unpackr({ useRecords: false, mapsAsObjects: false });

/**
 * A message as bytes of MessagePack; arrays are maps under binary keys.
 *
 * @source openpi `packages/openpi-client/src/openpi_client/msgpack_numpy.py`
 */
export function encodeMessage(message: Message): Uint8Array {
  return packer.pack(packable(message));
}

/** @throws InputError where the bytes are no message: of other kinds of values, nested too deep, cut short or too long */
export function decodeMessage(bytes: Uint8Array): Message {
  let found: unknown;
  try {
    found = unpacker.unpack(bytes);
  } catch {
    throw new InputError(`message: expected one value in MessagePack, got ${bytes.length} bytes that are none`);
  }
  const value = messageValue(found, "message", 0);
  if (!(value instanceof Map)) throw new InputError("message: expected a map of names to values, got something else");
  return value;
}

/** Whether a value is an array of numbers. */
export function isNumberArray(value: MessageValue | undefined): value is NumberArray {
  return typeof value === "object" && value !== null && "dtype" in value;
}

function packable(value: MessageValue): unknown {
  if (value instanceof Map) return new Map([...value].map(([name, each]) => [name, packable(each)]));
  if (Array.isArray(value)) return value.map(packable);
  if (!isNumberArray(value)) return value;
  return new Map<Uint8Array, unknown>([
    [binary(arrayMark), true],
    [binary("data"), value.bytes],
    [binary("dtype"), value.dtype],
    [binary("shape"), [...value.shape]],
  ]);
}

function binary(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function messageValue(found: unknown, where: string, depth: number): MessageValue {
  if (depth > deepest) throw new InputError(`${where}: expected values within ${deepest} others, got more`);
  if (found === null || typeof found === "boolean" || typeof found === "number" || typeof found === "string")
    return found;
  if (typeof found === "bigint") return Number(found);
  if (found instanceof Uint8Array) return found;
  if (Array.isArray(found)) return found.map((each) => messageValue(each, where, depth + 1));
  if (found instanceof Map) return mapOf(found, where, depth);
  throw new InputError(`${where}: expected numbers, texts, bytes, arrays and maps, got something else`);
}

/** A map under names, or an array or a number of numpy under binary keys. */
function mapOf(found: ReadonlyMap<unknown, unknown>, where: string, depth: number): MessageValue {
  const entries = [...found].map(([key, value]): [string, unknown] => [nameOf(key, where), value]);
  const byName = new Map(entries);
  if (byName.get(arrayMark) === true) return arrayOf(byName, where);
  if (byName.get(scalarMark) === true) return messageValue(byName.get("data"), where, depth + 1);
  return new Map(entries.map(([name, value]) => [name, messageValue(value, `${where}, "${name}"`, depth + 1)]));
}

function nameOf(key: unknown, where: string): string {
  if (typeof key === "string") return key;
  if (key instanceof Uint8Array) return new TextDecoder().decode(key);
  throw new InputError(`${where}: expected names in a map, got a key of another kind`);
}

function arrayOf(entries: ReadonlyMap<string, unknown>, where: string): NumberArray {
  const [bytes, dtype, shape] = ["data", "dtype", "shape"].map((name) => entries.get(name));
  if (!(bytes instanceof Uint8Array) || typeof dtype !== "string" || !Array.isArray(shape) || !shape.every(isSize))
    throw new InputError(`${where}: expected an array with data, dtype and shape, got one that lacks them`);
  return { dtype, shape, bytes };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
