import { axisNames, cells, describe, letters } from "./axes.ts";

/** What a cell is. `bool` is stored as bytes 0 and 1. */
export type DataType = "float32" | "float64" | "int32" | "int64" | "int8" | "uint8" | "bool";

/** The typed array that holds cells of a data type. */
export type Storage<D extends DataType> = {
  float32: Float32Array;
  float64: Float64Array;
  int32: Int32Array;
  int64: BigInt64Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}[D];

/** Bytes of a cell. */
export const byteWidth: Readonly<Record<DataType, number>> = {
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** A dense array in memory whose axes are known by letter and order, row-major. */
export class HostArray<A extends string, D extends DataType = "float32"> {
  readonly axes: A;
  readonly shape: readonly number[];
  readonly type: D;
  readonly cells: Storage<D>;

  /** @throws RangeError if a letter is unknown or the storage does not hold exactly the cells of the shape */
  constructor(axes: A, shape: readonly number[], type: D, storage: Storage<D>) {
    if (letters(axes).length !== shape.length || storage.length !== cells(shape))
      throw new RangeError(`HostArray: ${describe(axes, shape)} has ${cells(shape)} cells, got ${storage.length}`);
    this.axes = axes;
    this.shape = shape;
    this.type = type;
    this.cells = storage;
  }
}

/** Arrays by name. */
export type Arrays = ReadonlyMap<string, HostArray<string, DataType>>;

/** An array of zeros. */
export function zeros<A extends string, D extends DataType>(
  axes: A,
  shape: readonly number[],
  type: D,
): HostArray<A, D> {
  return new HostArray(axes, shape, type, allocate(type, cells(shape)));
}

/** Zeros of which the shape alone is known: their axes mean nothing. */
export function zerosOfShape({ shape, type }: { readonly shape: readonly number[]; readonly type: DataType }) {
  const axes = Object.keys(axisNames).slice(0, shape.length).join(" ");
  return zeros<string, DataType>(axes, shape, type);
}

/** Zeroed storage for `length` cells. */
export function allocate<D extends DataType>(type: D, length: number): Storage<D>;
export function allocate(type: DataType, length: number): Storage<DataType> {
  switch (type) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "int8":
      return new Int8Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
  }
}

/** One number of a type. */
export function scalar(type: DataType, value: number): HostArray<"", DataType> {
  switch (type) {
    case "float32":
      return new HostArray("", [], type, Float32Array.of(value));
    case "float64":
      return new HostArray("", [], type, Float64Array.of(value));
    case "int32":
      return new HostArray("", [], type, Int32Array.of(value));
    case "int64":
      return new HostArray("", [], type, BigInt64Array.of(BigInt(value)));
    case "int8":
      return new HostArray("", [], type, Int8Array.of(value));
    case "uint8":
    case "bool":
      return new HostArray("", [], type, Uint8Array.of(value));
  }
}
