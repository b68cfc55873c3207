import type { NumberArray } from "../../../client/message.ts";
import { InputError } from "../../input-error.ts";
import { bufferArrayName, dtypeName, emptyArrayName, scalarName, storageName, tensorName } from "./known-name.ts";
import { type Pickled, PickledObject } from "./pickle.ts";
import { readStorage } from "./storage.ts";
import { cStrides, fortranStrides, inCOrder } from "./strided.ts";

const mostAxes = 8;

/**
 * The array that numpy or torch would make, its cells in C order; `null` where a value stands for none. A number of numpy is one without axes.
 *
 * @throws InputError where what it would be made of does not fit together
 */
export function arrayOf(where: string, value: Pickled): NumberArray | null {
  if (!(value instanceof PickledObject)) return null;
  const { name, given, state } = value;
  if (name === emptyArrayName) return ofState(where, state);
  if (name === bufferArrayName) return ofBuffer(where, given);
  if (name === scalarName) return laidOut(where, [], { dtype: given[0], bytes: given[1], order: "C" });
  return name === tensorName ? ofTensor(where, given) : null;
}

/** What numpy tells an array: version, shape, type, whether its first axis is the closest, bytes. */
function ofState(where: string, state: Pickled | undefined): NumberArray {
  const [version, shape, dtype, isFortran, bytes, ...more] = Array.isArray(state) ? state : [];
  if (version !== 1 || typeof isFortran !== "boolean" || more.length > 0) throw misfit(where);
  return laidOut(where, shape, { dtype, bytes, order: isFortran ? "F" : "C" });
}

function ofBuffer(where: string, given: readonly Pickled[]): NumberArray {
  const [bytes, dtype, shape, order, ...more] = given;
  if ((order !== "C" && order !== "F") || more.length > 0) throw misfit(where);
  return laidOut(where, shape, { dtype, bytes, order });
}

/** Storage, offset, shape and strides; what follows says that no gradient is wanted. */
function ofTensor(where: string, given: readonly Pickled[]): NumberArray {
  const [stored, offset, shape, strides] = given;
  if (!(stored instanceof PickledObject) || stored.name !== storageName) throw misfit(where);
  const [file, ...more] = stored.given;
  if (!(file instanceof Uint8Array) || more.length > 0 || !isSize(offset)) throw misfit(where);
  const sizes = sizesOf(where, shape);
  const steps = sizesOf(where, strides);
  if (steps.length !== sizes.length) throw misfit(where);
  return inCOrder(where, { ...readStorage(where, file), shape: sizes, strides: steps, offset });
}

function laidOut(
  where: string,
  shape: Pickled | undefined,
  {
    dtype,
    bytes,
    order,
  }: { readonly dtype: Pickled | undefined; readonly bytes: Pickled | undefined; order: "C" | "F" },
): NumberArray {
  if (!(bytes instanceof Uint8Array)) throw misfit(where);
  const sizes = sizesOf(where, shape);
  const strides = order === "C" ? cStrides(sizes) : fortranStrides(sizes);
  return inCOrder(where, { dtype: dtypeOf(where, dtype), shape: sizes, strides, offset: 0, bytes });
}

/** numpy's `dtype("u1", False, True)`, which is told its byte order. */
function dtypeOf(where: string, value: Pickled | undefined): string {
  if (!(value instanceof PickledObject) || value.name !== dtypeName) throw misfit(where);
  const [code] = value.given;
  const [version, order] = Array.isArray(value.state) ? value.state : [];
  if (typeof code !== "string" || !/^[a-z]\d{1,2}$/.test(code) || version !== 3 || !isByteOrder(order))
    throw new InputError(`${where}: expected an array of numbers, got one of something else`);
  return `${order}${code}`;
}

function isByteOrder(value: Pickled | undefined): boolean {
  return value === "<" || value === ">" || value === "|";
}

function sizesOf(where: string, value: Pickled | undefined): number[] {
  if (!Array.isArray(value) || value.length > mostAxes || !value.every(isSize)) throw misfit(where);
  return value;
}

function isSize(value: Pickled | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function misfit(where: string): InputError {
  return new InputError(`${where}: expected an array as numpy or torch pickles it, got other parts`);
}
