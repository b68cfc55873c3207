/** What two values that should be the same to the bit differ in: the first array, its first cell, both values. */
interface Difference {
  /** Path of the array, or of the value: "images.cells", "expert.layer.0.query.weight.cells"; empty where it is the whole. */
  readonly path: string;
  readonly problem: string;
}

type Cells = ArrayLike<number | bigint>;

/** Numbers, or what is no array and no record. */
type Leaf = { readonly cells: Cells } | { readonly value: unknown };

/**
 * Fails where two values differ in a bit; −0 is not 0.
 *
 * Values are arrays, or maps, records and lists of them to any depth: weights, a batch, what a program computed. What has `encode`
 * is compared as that gives it. The message names one cell, however much differs: it never prints arrays.
 */
export function expectSameBits(what: string, actual: unknown, expected: unknown): void {
  const found = differences(actual, expected);
  const [first] = found;
  if (first === undefined) return;
  const more = found.length > 1 ? `; ${found.length - 1} other arrays or values differ as well` : "";
  throw new Error(`${what}${first.path === "" ? "" : `, ${first.path}`}: ${first.problem}${more}`);
}

/** Fails where two values are the same to the bit. */
export function expectOtherBits(what: string, actual: unknown, other: unknown): void {
  if (differences(actual, other).length === 0)
    throw new Error(`${what}: expected values that differ in a bit, got the same in each of their cells`);
}

function differences(actual: unknown, expected: unknown): Difference[] {
  const [own, wanted] = [leavesOf(actual), leavesOf(expected)];
  const lost = [...wanted.keys()]
    .filter((path) => !own.has(path))
    .map((path) => ({ path, problem: "expected, not there" }));
  const extra = [...own.keys()]
    .filter((path) => !wanted.has(path))
    .map((path) => ({ path, problem: "there, not expected" }));
  const changed = [...wanted].flatMap(([path, leaf]) => {
    const found = own.get(path);
    const problem = found === undefined ? null : problemOf(found, leaf);
    return problem === null ? [] : [{ path, problem }];
  });
  return [...changed, ...lost, ...extra];
}

/** By path. */
function leavesOf(value: unknown): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  addLeaves(leaves, value, "");
  return leaves;
}

function addLeaves(leaves: Map<string, Leaf>, value: unknown, path: string): void {
  if (isCells(value)) leaves.set(path, { cells: value });
  else if (typeof value !== "object" || value === null) leaves.set(path, { value });
  else if ("encode" in value && typeof value.encode === "function") addLeaves(leaves, value.encode(), path);
  else
    for (const [name, part] of value instanceof Map ? value : Object.entries(value))
      addLeaves(leaves, part, path === "" ? `${name}` : `${path}.${name}`);
}

function isCells(value: unknown): value is Cells {
  if (Array.isArray(value)) return value.every((cell) => typeof cell === "number" || typeof cell === "bigint");
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function problemOf(own: Leaf, wanted: Leaf): string | null {
  if ("value" in own || "value" in wanted) {
    const [got, expected] = [plain(own), plain(wanted)];
    return Object.is(got, expected) ? null : `expected ${shown(expected, got)}, got ${shown(got, expected)}`;
  }
  if (own.cells.length !== wanted.cells.length) return `expected ${wanted.cells.length} cells, got ${own.cells.length}`;
  let [first, count] = [-1, 0];
  for (let at = 0; at < wanted.cells.length; at++) {
    if (Object.is(own.cells[at], wanted.cells[at])) continue;
    if (count++ === 0) first = at;
  }
  if (count === 0) return null;
  const rest = `${count} of ${wanted.cells.length} cells differ`;
  return `expected the same bits, got ${number(own.cells[first])} for ${number(wanted.cells[first])} at cell ${first}; ${rest}`;
}

/** The value of a leaf; of cells, how many there are. */
function plain(leaf: Leaf): unknown {
  return "value" in leaf ? leaf.value : `${leaf.cells.length} cells`;
}

/** −0 as such. */
function number(cell: number | bigint | undefined): string {
  return Object.is(cell, -0) ? "-0" : String(cell);
}

const shownLength = 40;

/** A value; of a long text what stands around the first letter in which it differs from the other. */
function shown(value: unknown, other: unknown): string {
  if (typeof value !== "string" || typeof other !== "string") return String(value).slice(0, 2 * shownLength);
  const letter = [...value].findIndex((one, at) => one !== other[at]);
  const from = Math.max(0, (letter < 0 ? Math.min(value.length, other.length) : letter) - shownLength / 2);
  return `${from > 0 ? "…" : ""}${JSON.stringify(value.slice(from, from + shownLength))}`;
}
