import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeModel } from "./onnx.ts";
import { readOnnxFacts } from "./onnx-metadata.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-metadata-"));
});
afterAll(() => rm(root, { recursive: true }));

async function factsOf(bytes: Uint8Array) {
  const path = join(root, "model.onnx");
  await writeFile(path, bytes);
  return readOnnxFacts(path);
}

const letters = (text: string) => [...new TextEncoder().encode(text)];

describe("what a file says of itself", () => {
  it("is read as it was written, behind a graph of any size", async () => {
    const cells = new Float32Array(5000).fill(7);
    const weights = [{ name: "w", type: "float32", shape: [5000], cells }] as const;
    const graph = { name: "g", nodes: [], inputs: [], outputs: [], initializers: weights };
    const long = "é".repeat(3000);
    const { producer, metadata } = await factsOf(encodeModel(graph, { robot: '{"a":1}', long, none: "" }));
    expect(producer).toBe("armature");
    expect([...metadata]).toEqual([
      ["robot", '{"a":1}'],
      ["long", long],
      ["none", ""],
    ]);
  });

  it("is read field by field, whatever else stands between them", async () => {
    const other = [((100 << 3) & 0x7f) | 0x80 | 5, 100 >> 4, 1, 2, 3, 4, (9 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8];
    const entry = [10, 1, ...letters("k"), 18, 2, ...letters("vw")];
    // Version 11, unknown fields of four and eight bytes, a graph of none, an entry.
    const facts = await factsOf(Uint8Array.of(8, 11, ...other, 58, 0, 114, entry.length, ...entry));
    expect(facts).toEqual({ producer: null, metadata: new Map([["k", "vw"]]) });
  });

  it.each<[string, number[], string]>([
    [
      "that ends within a field",
      [8, 11, 58, 5, 1, 2],
      "model.onnx: expected at least 9 bytes, got 6; it was cut short",
    ],
    ["that begins otherwise", [18, 1, 65, 8, 11, 58, 0], "model.onnx: expected an ONNX file, got something else"],
    ["with a group, which models have none of", [8, 11, 58, 0, 11], "expected an ONNX file, got something else"],
    ["without a graph", [8, 11, 18, 1, 65], "expected an ONNX file, got something else"],
    ["whose entry is none", [8, 11, 58, 0, 114, 2, 10, 9], "expected an ONNX file, got something else"],
  ])("of a file %s is an error", async (_, bytes, problem) => {
    await expect(factsOf(Uint8Array.from(bytes))).rejects.toThrow(problem);
  });

  it("of a file that is not there is an error", () => {
    expect(() => readOnnxFacts(join(root, "none.onnx"))).toThrow("none.onnx: expected an ONNX file, got Error: ENOENT");
  });
});
