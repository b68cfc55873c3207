import { parquetMetadata, type SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";

/** A column of a table: values of a type, or lists of them, `depth` lists deep. */
export interface WrittenColumn {
  readonly name: string;
  readonly type: "float" | "double" | "int64" | "text";
  readonly depth: number;
  /** int64 as bigint, text as strings. */
  readonly values: readonly unknown[];
}

/** What readers of other languages look for in a table's footer. */
export type Footer = Readonly<Record<string, unknown>>;

/** A Parquet file of one row group. */
export function tableBytes(columns: readonly WrittenColumn[], footer: Footer): Uint8Array {
  const writer = open(new ByteWriter(), columns, footer);
  return finish(writer, columns);
}

/**
 * A Parquet file with one more row group, so that every episode has its own.
 *
 * @param file a file that this function or `tableBytes` made, of the same columns
 * @param groups row groups of it that are kept; what was written after them is not
 * @throws RangeError if the file has fewer
 */
export function withRowGroup(file: Uint8Array, groups: number, columns: readonly WrittenColumn[], footer: Footer) {
  const kept = parquetMetadata(copy(file)).row_groups.slice(0, groups);
  if (kept.length < groups) throw new RangeError(`expected ${groups} row groups, got ${kept.length}`);
  const end = Math.max(...kept.flatMap((group) => group.columns.map(chunkEnd)));
  const writer = open(new ByteWriter(file.length * 2), columns, footer);
  writer.writer.appendBytes(file.subarray(writer.writer.offset, end));
  writer.row_groups.push(...kept);
  for (const group of kept) writer.num_rows += group.num_rows;
  return finish(writer, columns);
}

type Writing = InstanceType<typeof ParquetWriter>;

function open(bytes: ByteWriter, columns: readonly WrittenColumn[], footer: Footer): Writing {
  const schema: SchemaElement[] = [{ name: "schema", num_children: columns.length }, ...columns.flatMap(elements)];
  const kvMetadata = Object.entries(footer).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  // Without statistics and page indexes a row group's place is all that another needs to know to stand behind it.
  return new ParquetWriter({ writer: bytes, schema, statistics: false, kvMetadata, createdBy: "armature" });
}

function finish(writer: Writing, columns: readonly WrittenColumn[]): Uint8Array {
  const columnData = columns.map(({ name, values }) => ({ name, data: [...values], offsetIndex: false }));
  const rowGroupSize = Math.max(1, columns[0]?.values.length ?? 0);
  const pending = writer.write({ columnData, rowGroupSize }) ?? writer.finish();
  if (pending !== undefined) throw new Error("a table in memory is written at once");
  return writer.writer.getBytes();
}

function elements({ name, type, depth }: WrittenColumn): SchemaElement[] {
  const inner = (own: string, left: number): SchemaElement[] =>
    left === 0
      ? [{ name: own, repetition_type: "OPTIONAL", ...physical[type] }]
      : [
          { name: own, repetition_type: "OPTIONAL", converted_type: "LIST", num_children: 1 },
          { name: "list", repetition_type: "REPEATED", num_children: 1 },
          ...inner("element", left - 1),
        ];
  return inner(name, depth);
}

const physical = {
  float: { type: "FLOAT" },
  double: { type: "DOUBLE" },
  int64: { type: "INT64" },
  text: { type: "BYTE_ARRAY", converted_type: "UTF8" },
} as const;

type Chunk = ReturnType<typeof parquetMetadata>["row_groups"][number]["columns"][number];

function chunkEnd({ meta_data: place }: Chunk): number {
  if (place === undefined) throw new Error("expected the places of a row group's columns");
  const start = place.dictionary_page_offset ?? place.data_page_offset;
  return Number(start + place.total_compressed_size);
}

function copy(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}
