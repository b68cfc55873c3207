import { open, stat } from "node:fs/promises";
import { type AsyncBuffer, type ParquetScan, parquetMetadataAsync, parquetScan } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DamagedFileError, reason } from "../problem.ts";
import { ForeignFileError, foreignFileDefect } from "./foreign-file.ts";

/** A row whose entries are not the numbers that were expected. */
export interface Defect {
  readonly row: number;
  /** What stands there: "6 numbers", "null". */
  readonly got: string;
}

/** The columns of one Parquet file, read row group by row group. */
export class ParquetFile {
  readonly path: string;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly #scan: ParquetScan;

  private constructor(path: string, scan: ParquetScan) {
    this.path = path;
    this.#scan = scan;
    this.rows = Number(scan.metadata.num_rows);
    this.columns = [...new Set(scan.metadata.row_groups.flatMap(topLevelColumns))];
  }

  /** @throws Error if the file is missing, something else stands in its place, or its footer is damaged */
  static async open(path: string): Promise<ParquetFile> {
    const defect = await foreignFileDefect(path);
    if (defect !== null) throw new ForeignFileError(defect);
    const file = await buffer(path);
    const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
      throw tableError("a file that is no whole Parquet file", error);
    });
    // LeRobot stores pictures as plain byte arrays: only columns marked as text may become strings.
    return new ParquetFile(path, await parquetScan({ file, metadata, compressors, utf8: false }));
  }

  /** The first entry of a column, without the others of its row group; `undefined` where there are no rows. */
  async first(name: string): Promise<unknown> {
    if (this.rows === 0) return undefined;
    const decoded: ArrayLike<unknown> = await this.#scan.readColumn({ column: name, rowStart: 0, rowEnd: 1 });
    return decoded[0];
  }

  /**
   * Rows `from` to `to` (exclusive) of a top-level column, as they were decoded.
   *
   * @throws RangeError if the column or the rows are not in the file; Error if they cannot be decoded
   */
  async column(name: string, from: number, to: number): Promise<unknown[]> {
    if (!this.columns.includes(name))
      throw new RangeError(`no column "${name}" (there are ${this.columns.join(", ")})`);
    if (from < 0 || to > this.rows) throw new RangeError(`expected rows ${from} to ${to}, got a table of ${this.rows}`);
    const found: unknown[] = [];
    for (const group of this.#scan.ranges) {
      if (group.rowEnd <= from || group.rowStart >= to) continue;
      // The whole row group is asked for, so that the scan keeps it for the next episode.
      const decoded: ArrayLike<unknown> = await this.#scan.readColumn({ column: name, ...group }).catch((error) => {
        throw tableError(`a column "${name}" that cannot be decoded`, error);
      });
      const end = Math.min(to, group.rowEnd) - group.rowStart;
      for (let row = Math.max(from, group.rowStart) - group.rowStart; row < end; row++) found.push(decoded[row]);
    }
    if (found.length !== to - from)
      throw new RangeError(`expected ${to - from} rows of "${name}", got ${found.length}`);
    return found;
  }
}

/** Rows of numbers, lists of numbers or booleans as one dense block of `width` cells a row, or the first row that is none. */
export function denseRows(rows: readonly unknown[], width: number): Float64Array | Defect {
  const cells = new Float64Array(rows.length * width);
  for (const [row, entry] of rows.entries()) {
    const end = fill(cells, row * width, (row + 1) * width, entry);
    if (end !== (row + 1) * width) return { row, got: described(entry) };
  }
  return cells;
}

/** Writes an entry's numbers from `at` on, not past `end`; returns where it came to, or -1 if the entry is no such thing. */
function fill(out: Float64Array, at: number, end: number, entry: unknown): number {
  if (Array.isArray(entry) || (ArrayBuffer.isView(entry) && "length" in entry)) {
    const parts: ArrayLike<unknown> = entry as ArrayLike<unknown>;
    let next = at;
    for (let part = 0; part < parts.length && next >= 0; part++) next = fill(out, next, end, parts[part]);
    return next;
  }
  if (at >= end || (typeof entry !== "number" && typeof entry !== "bigint" && typeof entry !== "boolean")) return -1;
  out[at] = Number(entry);
  return at + 1;
}

function described(entry: unknown): string {
  if (Array.isArray(entry)) {
    const entries = entry.flat(Number.POSITIVE_INFINITY);
    return `${entries.length} entries${entries.some((one) => one === null) ? ", some of them null" : ""}`;
  }
  if (entry === null || entry === undefined) return "null";
  if (entry instanceof Date) return "a date";
  return typeof entry === "object" ? "an object" : `a ${typeof entry}`;
}

/** Why a table cannot be read: it is damaged, unless this program does not read what it holds, or the system does not read the file. */
function tableError(what: string, thrown: unknown): Error {
  const why = reason(thrown);
  // What a reader does not know the name of is no kind of storage, but bytes that are none.
  if (/unsupported|not supported/i.test(why) && !/undefined/.test(why))
    return new Error(
      `${what}: it is whole, and stored as is not read here (${why}); write it again plain, with zstd or snappy`,
    );
  if (thrown instanceof Error && "code" in thrown) return new Error(`${what} (${why})`);
  return new DamagedFileError(`${what} (${why})`);
}

function topLevelColumns(group: { columns: { meta_data?: { path_in_schema: string[] } }[] }): string[] {
  return group.columns.flatMap((column) => column.meta_data?.path_in_schema.slice(0, 1) ?? []);
}

/** A file that is opened for each read, so that thousands may be in use. */
async function buffer(path: string): Promise<AsyncBuffer> {
  const { size } = await stat(path);
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = new Uint8Array(end - start);
      const file = await open(path);
      try {
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0) throw new RangeError(`expected ${size} bytes, got ${start + done}`);
          done += bytesRead;
        }
      } finally {
        await file.close();
      }
      return bytes.buffer;
    },
  };
}
