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
  return withRowGroups(null, 0, [columns], footer).bytes;
}

/** A file, and where each of the row groups that were added to it ends there. */
export interface JoinedTable {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
}

/**
 * A Parquet file with more row groups, so that every episode has its own.
 *
 * @param file a file that was made here, of the same columns; `null` for a new one
 * @param groups row groups of it that are kept; what was written after them is not
 * @param tables columns of each row group that is added
 * @throws RangeError if the file has fewer
 */
export function withRowGroups(
  file: Uint8Array | null,
  groups: number,
  tables: readonly (readonly WrittenColumn[])[],
  footer: Footer,
): JoinedTable {
  const writer = open(new ByteWriter((file?.length ?? 0) * 2 || undefined), tables[0] ?? [], footer);
  if (file !== null) keep(writer, file, groups);
  const ends = tables.map((columns) => {
    add(writer, columns);
    return writer.writer.offset;
  });
  if (writer.finish() !== undefined) throw new Error("a table in memory is written at once");
  return { bytes: writer.writer.getBytes(), ends };
}

type Writing = InstanceType<typeof ParquetWriter>;

function open(bytes: ByteWriter, columns: readonly WrittenColumn[], footer: Footer): Writing {
  const schema: SchemaElement[] = [{ name: "schema", num_children: columns.length }, ...columns.flatMap(elements)];
  const kvMetadata = Object.entries(footer).map(([key, value]) => ({ key, value: JSON.stringify(value) }));
  // Without statistics and page indexes a row group's place is all that another needs to know to stand behind it.
  return new ParquetWriter({ writer: bytes, schema, statistics: false, kvMetadata, createdBy: "armature" });
}

function keep(writer: Writing, file: Uint8Array, groups: number): void {
  const kept = parquetMetadata(copy(file)).row_groups.slice(0, groups);
  if (kept.length < groups) throw new RangeError(`expected ${groups} row groups, got ${kept.length}`);
  const end = Math.max(...kept.flatMap((group) => group.columns.map(chunkEnd)));
  writer.writer.appendBytes(file.subarray(writer.writer.offset, end));
  writer.row_groups.push(...kept);
  for (const group of kept) writer.num_rows += group.num_rows;
}

function add(writer: Writing, columns: readonly WrittenColumn[]): void {
  const columnData = columns.map(({ name, values }) => ({ name, data: [...values], offsetIndex: false }));
  const rowGroupSize = Math.max(1, columns[0]?.values.length ?? 0);
  if (writer.write({ columnData, rowGroupSize }) !== undefined) throw new Error("a table in memory is written at once");
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
