import { expect, test } from "vitest";
import { encodeModel, type OnnxGraph } from "./onnx.ts";

const identity: OnnxGraph = {
  name: "g",
  nodes: [{ operator: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} }],
  inputs: [{ name: "x", type: "float32", shape: [] }],
  outputs: [{ name: "y", type: "bool", shape: [300] }],
  initializers: [],
};

/** The bytes after each tag of a message, by hand: protobuf's wire format has a varint key of (field << 3) | kind. */
function fields(bytes: Uint8Array): { field: number; value: number | Uint8Array }[] {
  const found: { field: number; value: number | Uint8Array }[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!;
      value += (byte % 128) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const kind = key % 8;
    if (kind === 0) found.push({ field: key >> 3, value: varint() });
    else {
      const length = kind === 2 ? varint() : 4;
      found.push({ field: key >> 3, value: Uint8Array.from(bytes.subarray(at, at + length)) });
      at += length;
    }
  }
  return found;
}

function inside(bytes: Uint8Array, field: number): Uint8Array {
  const value = fields(bytes).find((one) => one.field === field)?.value;
  if (!(value instanceof Uint8Array)) throw new Error(`no message in field ${field}`);
  return value;
}

test("a model says its representation, operator sets and graph under the numbers of onnx.proto", () => {
  const model = fields(encodeModel(identity));
  expect(model.find(({ field }) => field === 1)?.value).toBe(11);
  const sets = model.filter(({ field }) => field === 8).map(({ value }) => fields(value as Uint8Array));
  expect(sets.map((set) => set.find(({ field }) => field === 2)?.value)).toEqual([23]);
  expect(new TextDecoder().decode(inside(inside(encodeModel(identity), 7), 2))).toBe("g");
});

test("a scalar has a shape without dimensions, which is not the same as no shape", () => {
  const type = inside(inside(inside(inside(encodeModel(identity), 7), 11), 2), 1);
  expect(fields(type)).toEqual([
    { field: 1, value: 1 },
    { field: 2, value: new Uint8Array(0) },
  ]);
});

test("a size above 127 takes two bytes, and bool is element type 9", () => {
  const type = inside(inside(inside(inside(encodeModel(identity), 7), 12), 2), 1);
  expect(fields(type)[0]).toEqual({ field: 1, value: 9 });
  expect(fields(inside(inside(type, 2), 1))).toEqual([{ field: 1, value: 300 }]);
});

test("a dimension of size 0 is written, since one without a size is unknown", () => {
  const empty = { ...identity, inputs: [{ name: "x", type: "float32", shape: [0] }] } as const;
  const shape = inside(inside(inside(inside(inside(encodeModel(empty), 7), 11), 2), 1), 2);
  expect(fields(inside(shape, 1))).toEqual([{ field: 1, value: 0 }]);
});

test("an initializer whose cells do not fill its shape is refused by name", () => {
  const tensor = { name: "table", type: "float32", shape: [2, 2], cells: new Float32Array(3) } as const;
  expect(() => encodeModel({ ...identity, initializers: [tensor] })).toThrow(
    'encodeModel: "table" [2,2] has 4 cells, got 3',
  );
});

test("initializers beyond 2 GiB are refused before anything is copied", () => {
  const tensor = { name: "table", type: "float32", shape: [2 ** 29], cells: new Float32Array(2 ** 29) } as const;
  expect(() => encodeModel({ ...identity, initializers: [tensor] })).toThrow("pass weights as inputs");
});

test("a set of ONNX Runtime's own is named where an operator of it stands, also in a body", () => {
  const fused = { ...identity.nodes[0]!, domain: "com.microsoft" } as const;
  const body = { ...identity, nodes: [fused] };
  const outer = { ...identity.nodes[0]!, operator: "Loop", attributes: { body: { graph: body } } };
  const setsOf = (graph: OnnxGraph) => fields(encodeModel(graph)).filter(({ field }) => field === 8).length;
  expect([identity, body, { ...identity, nodes: [outer] }].map(setsOf)).toEqual([1, 2, 2]);
});

test("metadata are entries of key and value", () => {
  const entry = inside(encodeModel(identity, { robot: "arm" }), 14);
  expect(new TextDecoder().decode(inside(entry, 1))).toBe("robot");
  expect(new TextDecoder().decode(inside(entry, 2))).toBe("arm");
});

test("a tensor in a file beside the model says which, where and how long, and that it is there", () => {
  const stored = { file: "m.data", offset: 8, length: 12 };
  const tensor = { name: "w", type: "float32", shape: [3], stored } as const;
  const found = fields(inside(inside(encodeModel({ ...identity, initializers: [tensor] }), 7), 5));
  expect(found.filter(({ field }) => field === 9)).toEqual([]);
  expect(found.find(({ field }) => field === 14)?.value).toBe(1);
  const entries = found.filter(({ field }) => field === 13).map(({ value }) => value as Uint8Array);
  const said = entries.map((entry) => [1, 2].map((field) => new TextDecoder().decode(inside(entry, field))));
  expect(said).toEqual([
    ["location", "m.data"],
    ["offset", "8"],
    ["length", "12"],
  ]);
});
