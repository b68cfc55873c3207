import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ParquetFile } from "../read/parquet.ts";
import { tableBytes, type WrittenColumn, withRowGroups } from "./table.ts";

const scratch = await mkdtemp(join(tmpdir(), "armature-table-"));

afterAll(() => rm(scratch, { recursive: true }));

function columns(from: number, rows: number): WrittenColumn[] {
  const each = <T>(value: (row: number) => T) => Array.from({ length: rows }, (_, row) => value(from + row));
  return [
    { name: "count", type: "int64", depth: 0, values: each(BigInt) },
    { name: "half", type: "double", depth: 0, values: each((row) => row / 2) },
    { name: "vector", type: "float", depth: 1, values: each((row) => [row, -row, 0.5]) },
    { name: "words", type: "text", depth: 1, values: each((row) => [`word ${row}`, "größer"]) },
    { name: "channels", type: "double", depth: 3, values: each((row) => [[[row]], [[0.25]], [[1]]]) },
  ];
}

const footer = { made: { by: "a test" } };

async function read(bytes: Uint8Array): Promise<Record<string, unknown[]>> {
  const path = join(scratch, "table.parquet");
  await writeFile(path, bytes);
  const file = await ParquetFile.open(path);
  const found: Record<string, unknown[]> = {};
  for (const name of file.columns) found[name] = await file.column(name, 0, file.rows);
  return found;
}

function expected(parts: readonly WrittenColumn[][]): Record<string, unknown[]> {
  const names = parts[0]!.map(({ name }) => name);
  return Object.fromEntries(names.map((name, at) => [name, parts.flatMap((part) => part[at]!.values)]));
}

it("a table is read as it was written, nested lists too", async () => {
  expect(await read(tableBytes(columns(0, 4), footer))).toEqual(expected([columns(0, 4)]));
});

it("row groups are joined without touching those before", async () => {
  const first = tableBytes(columns(0, 3), footer);
  const second = withRowGroups(first, 1, [columns(3, 5)], footer).bytes;
  const third = withRowGroups(second, 2, [columns(8, 1)], footer).bytes;
  expect(await read(third)).toEqual(expected([columns(0, 3), columns(3, 5), columns(8, 1)]));
  expect(third.subarray(0, 200)).toEqual(first.subarray(0, 200));
});

it("row groups that do not count are written over", async () => {
  const first = tableBytes(columns(0, 3), footer);
  const torn = withRowGroups(first, 1, [columns(50, 7)], footer).bytes;
  expect(withRowGroups(torn, 1, [columns(3, 5)], footer).bytes).toEqual(
    withRowGroups(first, 1, [columns(3, 5)], footer).bytes,
  );
});

it("a table with fewer row groups than are to be kept is refused", () => {
  expect(() => withRowGroups(tableBytes(columns(0, 3), footer), 2, [columns(3, 1)], footer).bytes).toThrow(
    "expected 2 row groups, got 1",
  );
});
