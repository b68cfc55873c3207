import { axisNames } from "../axes.ts";
import { type Arrays, type DataType, HostArray, zeros } from "../host-array.ts";
import type { OnnxValue } from "../onnx.ts";
import type { AnyArray } from "../operation.ts";
import { Program } from "../program.ts";

export interface Evaluation {
  /** Arrays by name; those that the program does not read are left aside. */
  readonly feeds: Arrays;
  readonly threads: number;
  /** Inputs that are written into the program. */
  readonly fixed: Arrays;
}

/** Arrays of any axes and types, by name. */
export function named(arrays: Readonly<Record<string, HostArray<string, DataType>>>): Arrays {
  return new Map(Object.entries(arrays));
}

/** One thread, nothing fed, nothing fixed: for graphs of constants. */
export const plainly: Evaluation = { feeds: new Map(), threads: 1, fixed: new Map() };

/** Compiles, runs once and releases: the cells of each output, as numbers. */
export async function evaluate<N extends string>(
  outputs: Readonly<Record<N, AnyArray>>,
  { feeds, threads, fixed }: Evaluation,
): Promise<Record<N, Float64Array>>;
export async function evaluate(
  outputs: Readonly<Record<string, AnyArray>>,
  { feeds, threads, fixed }: Evaluation,
): Promise<Record<string, Float64Array>> {
  const program = await Program.compile(outputs, { device: "cpu", threads, fixed });
  try {
    return await runProgram(program, feeds);
  } finally {
    program.release();
  }
}

/** One run of a program: the cells of each output, as numbers. */
export async function runProgram(program: Program, feeds: Arrays): Promise<Record<string, Float64Array>> {
  const read = new Map([...feeds].filter(([name]) => program.inputs.some((input) => input.name === name)));
  const fetches = new Map(program.outputs.map((output) => [output.name, storageFor(output)]));
  await program.run(read, fetches);
  return Object.fromEntries([...fetches].map(([name, array]) => [name, numbers(array)]));
}

/** The cells as numbers; each type of ours but large int64 is exact in them. */
export function numbers({ cells }: HostArray<string, DataType>): Float64Array {
  return Float64Array.from(cells, Number);
}

/** A float32 or float64 array from numbers. */
export function floats<A extends string, D extends "float32" | "float64">(
  type: D,
  axes: A,
  shape: readonly number[],
  values: ArrayLike<number>,
): HostArray<A, D> {
  const array = zeros(axes, shape, type);
  array.cells.set(values);
  return array;
}

/** A truth value per cell, from 0 and 1. */
export function bits<A extends string>(
  axes: A,
  shape: readonly number[],
  values: readonly number[],
): HostArray<A, "bool"> {
  return new HostArray(axes, shape, "bool", Uint8Array.from(values));
}

/** An int32 array from numbers. */
export function integers<A extends string>(
  axes: A,
  shape: readonly number[],
  values: readonly number[],
): HostArray<A, "int32"> {
  return new HostArray(axes, shape, "int32", Int32Array.from(values));
}

/** A runtime knows sizes, not letters: any letters do. */
function storageFor({ shape, type }: OnnxValue): HostArray<string, DataType> {
  const axes = Object.keys(axisNames).slice(0, shape.length).join(" ");
  return zeros(axes, shape, type);
}
