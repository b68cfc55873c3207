import type { DataType } from "../host-array.ts";
import { elementType, type OnnxValue } from "../onnx.ts";
import { decode } from "./foreign-library.ts";
import { type Address, call, give, obtain } from "./interface.ts";

const allocator = obtain("GetAllocatorWithDefaultOptions");

/**
 * Names, types and shapes of what a session takes or gives, in its order.
 *
 * @throws RangeError if a shape is not static or a type is none of ours
 */
export function readSignature(session: Address, side: "Input" | "Output"): OnnxValue[] {
  const count = new BigUint64Array(1);
  call(`SessionGet${side}Count`, session, count);
  return Array.from({ length: Number(count[0]) }, (_, at) => {
    const name = takeText(obtain(`SessionGet${side}Name`, session, at, allocator));
    const information = obtain(`SessionGet${side}TypeInfo`, session, at);
    try {
      return { name, ...readTensor(name, obtain("CastTypeInfoToTensorInfo", information)) };
    } finally {
      give("ReleaseTypeInfo", information);
    }
  });
}

/** A text that the runtime allocated for us; it is freed. */
function takeText(text: Address): string {
  const taken = decode.string(text);
  call("AllocatorFree", allocator, text);
  return taken;
}

/** Where a session's profile was written, with profiling ended. */
export function endProfile(session: Address): string {
  return takeText(obtain("SessionEndProfiling", session, allocator));
}

function readTensor(name: string, tensor: Address): Omit<OnnxValue, "name"> {
  const element = new Int32Array(1);
  call("GetTensorElementType", tensor, element);
  const rank = new BigUint64Array(1);
  call("GetDimensionsCount", tensor, rank);
  const shape = new BigInt64Array(Number(rank[0]));
  if (shape.length > 0) call("GetDimensions", tensor, shape, shape.length);
  const type = typeNames.get(element[0] ?? 0);
  if (type === undefined)
    throw new RangeError(`openSession: "${name}" has element type ${element[0]}, not one of ours`);
  if (shape.some((size) => size < 0n))
    throw new RangeError(`openSession: "${name}" must have a static shape, got [${shape}]`);
  return { type, shape: Array.from(shape, Number) };
}

const typeNames = new Map<number, DataType>([
  [elementType.float32, "float32"],
  [elementType.float64, "float64"],
  [elementType.int32, "int32"],
  [elementType.int64, "int64"],
  [elementType.int8, "int8"],
  [elementType.uint8, "uint8"],
  [elementType.bool, "bool"],
]);
