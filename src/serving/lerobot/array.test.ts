import { describe, expect, it } from "vitest";
import { arrayOf } from "./array.ts";
import { type Pickled, PickledObject } from "./pickle.ts";
import { readStorage, writeStorage } from "./storage.ts";
import { fortranStrides, inCOrder } from "./strided.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";

function made(name: string, given: readonly Pickled[], state?: Pickled): PickledObject {
  const object = new PickledObject(name, given);
  if (state !== undefined) object.tell(state);
  return object;
}

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
const byte = made("numpy.dtype", ["u1", false, true], [3, "|", null]);
const array = (state: Pickled) => made("numpy._core.multiarray._reconstruct", [], state);
const buffer = (...given: Pickled[]) => made("numpy._core.numeric._frombuffer", given);
const tensor = (...given: Pickled[]) => made("torch._utils._rebuild_tensor_v2", given);
const stored = (file: Pickled = recordedBytes(exchange.storages.int32!)) =>
  made("torch.storage._load_from_bytes", [file]);

describe("an array", () => {
  it("has its cells in C order, whichever of its axes is the closest in memory", () => {
    expect(arrayOf("x", array([1, [2, 3], byte, false, bytes]))).toEqual({ dtype: "|u1", shape: [2, 3], bytes });
    const turned = Uint8Array.of(1, 3, 5, 2, 4, 6);
    expect(arrayOf("x", array([1, [2, 3], byte, true, bytes]))).toEqual({ dtype: "|u1", shape: [2, 3], bytes: turned });
    expect(arrayOf("x", buffer(bytes, byte, [2, 3], "F"))).toEqual({ dtype: "|u1", shape: [2, 3], bytes: turned });
    expect(fortranStrides([2, 3, 4])).toEqual([1, 2, 6]);
  });

  it("of two bytes a cell is turned cell by cell", () => {
    const cells = {
      dtype: "<i2",
      shape: [3, 1],
      strides: [2, 9],
      offset: 1,
      bytes: Uint8Array.from({ length: 12 }, (_, at) => at),
    };
    expect(inCOrder("x", cells).bytes).toEqual(Uint8Array.of(2, 3, 6, 7, 10, 11));
  });

  it("of torch is a view of its storage", () => {
    // The storage is 1, 0, 3 in 4 bytes each.
    expect(arrayOf("x", tensor(stored(), 1, [2], [1]))).toEqual({
      dtype: "<i4",
      shape: [2],
      bytes: Buffer.from([0, 0, 0, 0, 3, 0, 0, 0]),
    });
  });

  it.each([
    ["int8", "|i1", [1, 0, 3]],
    ["bool", "|b1", [1, 0, 1]],
    ["int16", "<i2", [1, 0, 0, 0, 3, 0]],
    ["int32", "<i4", [1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]],
    ["int64", "<i8", [1, ...new Array(15).fill(0), 3, ...new Array(7).fill(0)]],
  ])("of torch's %s is %s", (name, dtype, cells) => {
    expect(readStorage("x", recordedBytes(exchange.storages[name]!))).toEqual({ dtype, bytes: Buffer.from(cells) });
  });

  it("is none of other values", () => {
    for (const value of [1, "x", null, [1], byte]) expect(arrayOf("x", value)).toBe(null);
  });
});

describe("a tensor's storage", () => {
  it.each([255, 300, 70_000])("of %i cells is read as it is written", (count) => {
    const cells = Float32Array.from({ length: count }, (_, at) => at / 3);
    const { dtype, bytes: found } = readStorage("x", writeStorage(cells, "7"));
    expect(dtype).toBe("<f4");
    expect(Buffer.from(found).equals(Buffer.from(cells.buffer))).toBe(true);
  });
});

describe("an array is refused", () => {
  const parts = "x: expected an array as numpy or torch pickles it, got other parts";
  const numbers = "x: expected an array of numbers, got one of something else";
  const dtype = (given: Pickled, state: Pickled) => made("numpy.dtype", [given], state);
  it.each<[string, Pickled, string]>([
    ["without a state", made("numpy._core.multiarray._reconstruct", []), parts],
    ["of another version", array([2, [6], byte, false, bytes]), parts],
    ["that does not say its order", array([1, [6], byte, 0, bytes]), parts],
    ["of more parts", array([1, [6], byte, false, bytes, 1]), parts],
    ["of objects", array([1, [6], byte, false, [1, 2]]), parts],
    ["without a shape", array([1, 6, byte, false, bytes]), parts],
    ["of a negative size", array([1, [-6], byte, false, bytes]), parts],
    ["of half a size", array([1, [1.5], byte, false, bytes]), parts],
    ["of nine axes", array([1, [6, 1, 1, 1, 1, 1, 1, 1, 1], byte, false, bytes]), parts],
    ["of another order", buffer(bytes, byte, [6], "A"), parts],
    ["in a buffer of more parts", buffer(bytes, byte, [6], "C", 1), parts],
    ["without a type", array([1, [6], "u1", false, bytes]), parts],
    ["of a class in place of a type", array([1, [6], tensor(), false, bytes]), parts],
    ["of records", array([1, [6], dtype("V6", [3, "|"]), false, bytes]), numbers],
    ["of a type behind other letters", array([1, [6], dtype("xu1", [3, "|"]), false, bytes]), numbers],
    ["of a type of another version", array([1, [6], dtype("u1", [4, "|"]), false, bytes]), numbers],
    ["of a type that is told nothing", array([1, [6], made("numpy.dtype", ["u1"]), false, bytes]), numbers],
    ["of a type without an order", array([1, [6], dtype("u1", [3, "="]), false, bytes]), numbers],
    ["of a type that is a number", array([1, [6], dtype(1, [3, "|"]), false, bytes]), numbers],
    ["of no bytes a cell", array([1, [6], dtype("u0", [3, "|"]), false, bytes]), "expected 6 cells of [6] |u0"],
    [
      "of more cells than bytes",
      array([1, [7], byte, false, bytes]),
      "x: expected 7 cells of [7] |u1 from cell 0 on, got 6 bytes",
    ],
    ["of very many cells", array([1, [2 ** 50, 2 ** 50], byte, false, bytes]), "got 6 bytes"],
    ["of torch without a storage", tensor(bytes, 0, [2], [1]), parts],
    ["of torch in another class", tensor(byte, 0, [2], [1]), parts],
    ["of torch without a file", tensor(stored("x"), 0, [2], [1]), parts],
    ["of torch from before its storage", tensor(stored(), -1, [2], [1]), parts],
    ["of torch with fewer strides", tensor(stored(), 0, [2, 1], [1]), parts],
    [
      "of torch behind its storage",
      tensor(stored(), 2, [2], [1]),
      "expected 2 cells of [2] <i4 from cell 2 on, got 12 bytes",
    ],
    [
      "of torch whose strides lead out",
      tensor(stored(), 0, [2], [3]),
      "expected 2 cells of [2] <i4 from cell 0 on, got 12 bytes",
    ],
    ["of torch that repeats its cells", tensor(stored(), 0, [2 ** 40], [0]), "got 12 bytes"],
  ])("%s", (_, value, said) => {
    expect(() => arrayOf("x", value)).toThrow(said);
  });

  const file = recordedBytes(exchange.storages.int8!).toString("latin1");
  it.each([
    [
      "of float16",
      recordedBytes(exchange.storages.float16!).toString("latin1"),
      "x: expected a tensor of DoubleStorage, FloatStorage,",
    ],
    [
      "of a type of JavaScript's",
      file.replace("CharStorage", "constructor"),
      "IntStorage, ShortStorage, CharStorage, ByteStorage, BoolStorage, got constructor",
    ],
    [
      "on a GPU",
      file.replace("X\x03\x00\x00\x00cpu", "X\x06\x00\x00\x00cuda:0"),
      "x: expected a tensor on the CPU, got one on cuda:0; send .cpu()",
    ],
    [
      "of another mark",
      file.replace("\xfc\x9c", "\xfc\x9d"),
      "x: expected what torch writes at byte 0 of a tensor, got something else",
    ],
    ["with another pickle in it", file.replace("Ntq\x04Q.", "cos\nsystem\n."), "x: expected what torch writes at byte"],
    [
      "without an end of its type",
      file.replace("CharStorage\n", "C".repeat(60)),
      "x: expected what torch writes at byte",
    ],
    ["cut short", file.slice(0, -1), "x: expected 3 more bytes at byte"],
    ["with more behind it", `${file}x`, "x: expected the end of a tensor, got 1 bytes more"],
    [
      "of very many cells",
      file.replace("\x03\x00\x00\x00\x00\x00\x00\x00", "\xff".repeat(8)),
      "x: expected 18446744073709552000 more bytes",
    ],
  ])("a tensor %s", (_, changed, said) => {
    expect(() => readStorage("x", Buffer.from(changed, "latin1"))).toThrow(said);
  });
});
