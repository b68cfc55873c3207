import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { MappedFile } from "../graph/runtime/mapped-file.ts";
import { mapSafetensors } from "./mapped-safetensors.ts";
import { writeSafetensors, writeSafetensorsInBlocks } from "./safetensors.ts";
import type { Tensor } from "./safetensors-header.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-mapped-"));
afterAll(() => rmSync(folder, { recursive: true }));

const count = (length: number) => Float32Array.from({ length }, (_, at) => at + 0.5);
const vector = (length: number): Tensor => ({ shape: [length], type: "float32", cells: count(length) });
// By name, `b` would begin 12 bytes behind a multiple of 16.
const tensors = new Map<string, Tensor>([
  ["a", vector(3)],
  ["b", vector(32)],
  ["c", vector(16)],
  ["n", { shape: [2], type: "int32", cells: Int32Array.of(7, 8) }],
]);

const bufferOf = (found: ReadonlyMap<string, Tensor>, name: string) => found.get(name)!.cells.buffer;

it("tensors that fill blocks are the pages of one file, the others are read, and all have their cells", async () => {
  const path = join(folder, "blocks");
  await writeSafetensorsInBlocks(path, tensors);
  const found = await mapSafetensors(path);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(tensors));
  expect(bufferOf(found, "b")).toBe(bufferOf(found, "c"));
  expect(["b", "c"].map((name) => found.get(name)!.cells.byteOffset % 64)).toEqual([0, 0]);
  // Behind 48 cells that fill blocks: at a multiple of 16 as well.
  expect(bufferOf(found, "a")).toBe(bufferOf(found, "b"));
  expect(bufferOf(found, "n")).not.toBe(bufferOf(found, "b"));
});

it("tensors that lie elsewhere are read", async () => {
  const path = join(folder, "as-python");
  await writeSafetensors(path, tensors, {});
  const found = await mapSafetensors(path);
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(tensors));
  expect(found.get("b")!.cells.byteOffset).toBe(0);
});

it("has its cells when its pages were let go of, and when the file is gone", async () => {
  const path = join(folder, "gone");
  await writeSafetensorsInBlocks(path, tensors);
  const found = await mapSafetensors(path);
  MappedFile.letGo();
  expect(found.get("b")!.cells).toEqual(count(32));
  rmSync(path);
  MappedFile.letGo();
  expect(found.get("c")!.cells).toEqual(count(16));
});

it("an empty file is none to map, and one that is not there is named", async () => {
  writeFileSync(join(folder, "empty"), "");
  expect(MappedFile.open(join(folder, "empty"))).toBeNull();
  await expect(mapSafetensors(join(folder, "absent"))).rejects.toThrow("absent: expected a safetensors file");
});
