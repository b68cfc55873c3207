import { join } from "node:path";
import type { Feature } from "../dataset.ts";
import { type DatasetNote, reason } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import { ParquetFile } from "./parquet.ts";

/** Columns of a dataset's tables that its metadata does not declare. */
export interface Undeclared {
  /** Those that hold numbers or texts, as their first row has them. */
  readonly features: readonly Feature[];
  readonly notes: readonly DatasetNote[];
}

/**
 * Looks for columns beside the declared ones in the first table of those given.
 *
 * @param records whose tables are here; a table that cannot be read is somebody else's error
 * @param absentCameras those declared as videos without a film
 */
export async function undeclaredColumns(
  root: string,
  declared: ReadonlyMap<string, Feature>,
  records: readonly EpisodeRecord[],
  absentCameras: readonly string[],
): Promise<Undeclared> {
  const features: Feature[] = [];
  const notes: DatasetNote[] = [];
  const [first] = records;
  const file = first === undefined ? null : await ParquetFile.open(join(root, first.table.path)).catch(() => null);
  // pandas keeps an index without a name in a column of this kind.
  const unknown = file?.columns.filter((name) => !declared.has(name) && !name.startsWith("__index_level_")) ?? [];
  for (const key of unknown) {
    const found = await file!.first(key).then((cell) => featureOf(key, cell), reason);
    const isUsed = typeof found === "object" && found !== null;
    if (isUsed) features.push(found);
    const use = isUsed ? `it is read as ${described(found)}` : "it holds neither numbers nor texts, and is not read";
    const message = `is in the tables and not declared in meta/info.json: ${use}`;
    notes.push({ code: "undeclared-column", path: `column "${key}"`, message });
  }
  for (const key of absentCameras.filter((camera) => file?.columns.includes(camera))) {
    const message =
      'is in the tables, and declared as a video: where it holds the pictures, declare its dtype as "image"';
    notes.push({ code: "undeclared-column", path: `column "${key}"`, message });
  }
  return { features, notes };
}

function featureOf(key: string, cell: unknown): Feature | null {
  const shape = shapeOf(cell);
  const entry = Array.isArray(cell) ? cell.flat(Number.POSITIVE_INFINITY)[0] : cell;
  const type = typeNames[typeof entry];
  if (shape === null || type === undefined || (type === "string" && Array.isArray(cell))) return null;
  return { key, type, shape, names: null };
}

const typeNames: Readonly<Record<string, string>> = {
  number: "float64",
  bigint: "int64",
  boolean: "bool",
  string: "string",
};

/** Sizes of nested lists, outermost first; `[1]` of what is no list, `null` of lists whose parts differ. */
function shapeOf(cell: unknown): readonly number[] | null {
  if (!Array.isArray(cell)) return [1];
  const inner = cell.map((part) => (Array.isArray(part) ? shapeOf(part) : []));
  const [one] = inner;
  const isEven = inner.every((shape) => shape !== null && String(shape) === String(one));
  return one == null || !isEven ? null : [cell.length, ...one];
}

function described({ type, shape }: Feature): string {
  return type === "string" ? "text" : `${shape.join(" × ")} ${shape.join() === "1" ? "number" : "numbers"} a row`;
}
