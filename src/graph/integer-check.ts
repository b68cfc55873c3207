import { InputError } from "../input-error.ts";
import { HostArray, zeros } from "./host-array.ts";
import { largestInteger } from "./integer-matrix.ts";
import { encodeModel, type OnnxTensor } from "./onnx.ts";
import type { Device } from "./runtime/device.ts";
import { openSession } from "./runtime/session.ts";

/** Numbers that are summed, and sums beside each other: more than any kernel takes at a time. */
const [depth, width] = [256, 64];
const largestByte = 255;

let isExact: Promise<boolean> | undefined;

/**
 * Makes sure that products of 8-bit integers are exact here. Processors without instructions for them (x86 before VNNI) add pairs of products
 * in 16 bits, which is too little for the largest ones, and nothing says so.
 *
 * @throws InputError on a device or a processor where they are not
 */
export async function refuseInexactIntegers({ device }: { readonly device: Device }): Promise<void> {
  if (device !== "cpu")
    throw new InputError(`weights: expected "cpu" for products of 8-bit integers, got "${device}"; take float32`);
  isExact ??= areLargestSumsExact(sumsOf);
  if (!(await isExact))
    throw new InputError(
      "weights: expected a processor that sums products of 8-bit integers exactly (x86 with VNNI or AMX, ARM with dot products), got one whose sums overflow; take float32",
    );
}

/**
 * Whether products of the largest integers are exact, of a row by itself and of several: each has a kernel of its own.
 *
 * @param sums of so many rows, all cells of all factors being the largest ones
 */
export async function areLargestSumsExact(sums: (rows: number) => Promise<Float32Array>): Promise<boolean> {
  const found = [await sums(1), await sums(16)];
  return found.every((cells) => cells.every((sum) => sum === depth * largestByte * largestInteger));
}

async function sumsOf(rows: number): Promise<Float32Array> {
  const constants: OnnxTensor[] = [
    { name: "matrix", type: "int8", shape: [depth, width], cells: new Int8Array(depth * width).fill(largestInteger) },
    { name: "one", type: "float32", shape: [], cells: Float32Array.of(1) },
    { name: "zero byte", type: "uint8", shape: [], cells: Uint8Array.of(0) },
    { name: "zero", type: "int8", shape: [], cells: Int8Array.of(0) },
  ];
  const inputs = ["rows", "matrix", "one", "one", "zero byte", "zero"];
  const product = {
    operator: "MatMulIntegerToFloat",
    domain: "com.microsoft",
    inputs,
    outputs: ["sums"],
    attributes: {},
  } as const;
  const session = openSession(
    encodeModel({
      name: "integers",
      nodes: [product],
      inputs: [{ name: "rows", type: "uint8", shape: [rows, depth] }],
      outputs: [{ name: "sums", type: "float32", shape: [rows, width] }],
      initializers: constants,
    }),
    { device: "cpu", threads: 1 },
  );
  try {
    const bytes = new HostArray("i j", [rows, depth], "uint8", new Uint8Array(rows * depth).fill(largestByte));
    const sums = zeros("i j", [rows, width], "float32");
    await session.run(new Map([["rows", bytes]]), new Map([["sums", sums]]));
    return sums.cells;
  } finally {
    session.release();
  }
}
