import { InputError } from "../src/input-error.ts";
import type { NumberArray } from "./message.ts";

const byteOrder = "little-endian";

/** How the cells of each numpy type are read. */
const readers: ReadonlyMap<string, { readonly bytes: number; readonly at: (view: DataView, at: number) => number }> =
  new Map([
    ["<f8", { bytes: 8, at: (view: DataView, at: number) => view.getFloat64(at, true) }],
    ["<f4", { bytes: 4, at: (view: DataView, at: number) => view.getFloat32(at, true) }],
    ["<i8", { bytes: 8, at: (view: DataView, at: number) => Number(view.getBigInt64(at, true)) }],
    ["<i4", { bytes: 4, at: (view: DataView, at: number) => view.getInt32(at, true) }],
    ["<i2", { bytes: 2, at: (view: DataView, at: number) => view.getInt16(at, true) }],
    ["|i1", { bytes: 1, at: (view: DataView, at: number) => view.getInt8(at) }],
    ["|u1", { bytes: 1, at: (view: DataView, at: number) => view.getUint8(at) }],
    ["|b1", { bytes: 1, at: (view: DataView, at: number) => view.getUint8(at) }],
  ]);

/**
 * The cells of an array, in C order.
 *
 * @throws InputError where its type is none of those, or its bytes are not those of its shape
 */
export function numbersOf(where: string, { dtype, shape, bytes }: NumberArray): Float64Array {
  const reader = readers.get(dtype);
  if (reader === undefined)
    throw new InputError(
      `${where}: expected an array of ${[...readers.keys()].join(", ")} (${byteOrder}), got ${dtype}`,
    );
  const count = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== count * reader.bytes)
    throw new InputError(
      `${where}: expected ${count * reader.bytes} bytes of [${shape.join(" ")}] ${dtype}, got ${bytes.length}`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: count }, (_, at) => reader.at(view, at * reader.bytes));
}

/** Rows of numbers as an array of float32. */
export function float32Array(rows: readonly (readonly number[])[]): NumberArray {
  const cells = Float32Array.from(rows.flat());
  return {
    dtype: "<f4",
    shape: [rows.length, rows[0]?.length ?? 0],
    bytes: new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength),
  };
}
