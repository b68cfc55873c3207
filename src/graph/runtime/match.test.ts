import { expect, test } from "vitest";
import { HostArray, zeros } from "../host-array.ts";
import type { OnnxValue } from "../onnx.ts";
import { checkArrays, refuseSharedMemory } from "./match.ts";
import type { AnyHostArray } from "./value.ts";

const expected: OnnxValue[] = [
  { name: "state", type: "float32", shape: [2, 3] },
  { name: "real", type: "bool", shape: [2] },
];
const state = zeros("b s", [2, 3], "float32");
const real = zeros("b", [2], "bool");

test("exactly the expected arrays pass", () => {
  expect(() =>
    checkArrays(
      "feed",
      expected,
      new Map<string, AnyHostArray>([
        ["real", real],
        ["state", state],
      ]),
    ),
  ).not.toThrow();
});

test("every missing and every leftover name is listed", () => {
  const given = new Map<string, AnyHostArray>([
    ["estate", state],
    ["image", state],
  ]);
  expect(() => checkArrays("feed", expected, given)).toThrow(
    'run, feed: missing "state", "real"; left over "estate", "image"',
  );
  const more = new Map<string, AnyHostArray>([
    ["state", state],
    ["real", real],
    ["image", state],
  ]);
  expect(() => checkArrays("fetch", expected, more)).toThrow('run, fetch: missing nothing; left over "image"');
});

test("another shape with as many cells is refused with both", () => {
  const turned = new Map<string, AnyHostArray>([
    ["state", zeros("s b", [3, 2], "float32")],
    ["real", real],
  ]);
  expect(() => checkArrays("feed", expected, turned)).toThrow('run, feed "state": expected [2, 3], got [3, 2]');
  const flat = new Map<string, AnyHostArray>([
    ["state", zeros("s", [6], "float32")],
    ["real", real],
  ]);
  expect(() => checkArrays("feed", expected, flat)).toThrow('run, feed "state": expected [2, 3], got [6]');
});

test("another type of the same width is refused with both", () => {
  const bytes = new Map<string, AnyHostArray>([
    ["state", state],
    ["real", zeros("b", [2], "uint8")],
  ]);
  expect(() => checkArrays("feed", expected, bytes)).toThrow('run, feed "real": expected bool, got uint8');
});

test("a view off the grid of 16 bytes is refused, since its sums would have other bits", () => {
  const view = (from: number) =>
    new HostArray("b s", [2, 3], "float32", new Float32Array(new ArrayBuffer(64), from, 6));
  const feeds = (from: number) =>
    new Map<string, AnyHostArray>([
      ["state", view(from)],
      ["real", real],
    ]);
  expect(() => checkArrays("feed", expected, feeds(16))).not.toThrow();
  expect(() => checkArrays("feed", expected, feeds(8))).toThrow(
    'run, feed "state": memory must start at a multiple of 16 bytes, got 8; copy it',
  );
});

test("a result may not overwrite what is read, be it by one cell of a shared buffer", () => {
  const memory = new ArrayBuffer(32);
  const piece = (from: number) => new HostArray("b", [4], "float32", new Float32Array(memory, from, 4));
  expect(() => refuseSharedMemory(new Map([["x", piece(0)]]), new Map([["y", piece(16)]]))).not.toThrow();
  expect(() => refuseSharedMemory(new Map([["x", piece(0)]]), new Map([["y", piece(12)]]))).toThrow(
    'run: feed "x" shares memory with fetch "y"',
  );
  expect(() =>
    refuseSharedMemory(
      new Map(),
      new Map([
        ["y", piece(0)],
        ["z", piece(4)],
      ]),
    ),
  ).toThrow('run: fetch "z" shares memory with fetch "y"');
  expect(() =>
    refuseSharedMemory(
      new Map([
        ["x", piece(0)],
        ["w", piece(0)],
      ]),
      new Map(),
    ),
  ).not.toThrow();
});
