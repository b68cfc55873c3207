import { InputError } from "../../input-error.ts";
import { ByteCursor } from "./byte-cursor.ts";

/** The cells of a torch tensor by the name of its storage, as numpy names them. */
const dtypes: Readonly<Record<string, string>> = {
  DoubleStorage: "<f8",
  FloatStorage: "<f4",
  LongStorage: "<i8",
  IntStorage: "<i4",
  ShortStorage: "<i2",
  CharStorage: "|i1",
  ByteStorage: "|u1",
  BoolStorage: "|b1",
};

/** What every storage begins with: torch's mark, the version of its format, and the sizes of C's types; three pickles, always the same. */
const head =
  "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03" +
  "X\r\x00\x00\x00little_endianq\x02\x88X\n\x00\x00\x00type_sizesq\x03}q\x04(X\x05\x00\x00\x00shortq\x05K\x02" +
  "X\x03\x00\x00\x00intq\x06K\x04X\x04\x00\x00\x00longq\x07K\x04uu.";

/** The cells that a tensor of torch is a view of. */
export interface TorchStorage {
  readonly dtype: string;
  readonly bytes: Uint8Array;
}

/**
 * The cells of a storage as torch pickles it: its older file format, which is always the same but for type, key, device and length.
 *
 * It is compared with that, not read as the pickles that it consists of.
 *
 * @throws InputError where it is otherwise, on another device than the CPU, or cut short
 * @source torch 2.11 `torch/serialization.py`, `_legacy_save`
 */
export function readStorage(where: string, bytes: Uint8Array): TorchStorage {
  const file = new ByteCursor(bytes, where);
  const text = () => file.text(file.uint32());
  file.expect(`${head}\x80\x02(X\x07\x00\x00\x00storageq\x00ctorch\n`);
  const type = file.line();
  file.expect("q\x01X");
  text();
  file.expect("q\x02X");
  const device = text();
  file.expect("q\x03");
  readCount(file);
  file.expect("Ntq\x04Q.\x80\x02]q\x00X");
  text();
  file.expect("q\x01a.");
  const dtype = Object.hasOwn(dtypes, type) ? dtypes[type] : undefined;
  if (dtype === undefined)
    throw new InputError(`${where}: expected a tensor of ${Object.keys(dtypes).join(", ")}, got ${type}`);
  if (device !== "cpu")
    throw new InputError(`${where}: expected a tensor on the CPU, got one on ${device}; send .cpu()`);
  const cells = file.take(file.length64() * Number(dtype.slice(2)));
  if (file.left > 0) throw new InputError(`${where}: expected the end of a tensor, got ${file.left} bytes more`);
  return { dtype, bytes: cells };
}

/** BININT1, BININT2 or BININT: the cells that torch says the view has; how many there are stands at the end. */
function readCount(file: ByteCursor): void {
  const opcode = String.fromCharCode(file.uint8());
  file.take(opcode === "K" ? 1 : opcode === "M" ? 2 : 4);
}

/** Float32 cells as torch pickles their storage. @param key any digits */
export function writeStorage(cells: Float32Array, key: string): Uint8Array {
  const text = (value: string) => `X${int32(value.length)}${value}`;
  const about =
    `\x80\x02(${text("storage")}q\x00ctorch\nFloatStorage\nq\x01${text(key)}q\x02${text("cpu")}q\x03${count(cells.length)}Ntq\x04Q.` +
    `\x80\x02]q\x00${text(key)}q\x01a.${int32(cells.length)}${int32(0)}`;
  const start = Uint8Array.from(head + about, (character) => character.charCodeAt(0));
  const bytes = new Uint8Array(start.length + cells.byteLength);
  bytes.set(start);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of cells.entries()) view.setFloat32(start.length + 4 * at, value, true);
  return bytes;
}

/** A whole number from 0 as pickles have it: BININT1, BININT2 or BININT. */
function count(value: number): string {
  if (value < 0x100) return `K${String.fromCharCode(value)}`;
  if (value < 0x10000) return `M${String.fromCharCode(value & 0xff, value >> 8)}`;
  return `J${int32(value)}`;
}

function int32(value: number): string {
  return String.fromCharCode(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff);
}
