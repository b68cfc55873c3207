import { apply, applyKeeping, constant, nodesBefore, outputsOf, SymbolicArray, show } from "../array.ts";
import { letters } from "../axes.ts";
import type { DataType, HostArray } from "../host-array.ts";
import type { AnyArray, Form, Node } from "../operation.ts";
import { merge, split } from "./shape.ts";

/**
 * An array carried through as many turns as a table has rows: `body` makes it anew from itself and the turn's row.
 *
 * Only what depends on either is computed at each turn. Carries no gradient.
 *
 * @param table `[i …]`, one row per turn
 * @throws RangeError if the body changes the form of what it carries
 */
export function loop<A extends string, D extends DataType, R extends string>(
  initial: SymbolicArray<A, D>,
  table: HostArray<`i ${R}`>,
  body: (carried: SymbolicArray<A, D>, row: SymbolicArray<R>) => SymbolicArray<A, D>,
): SymbolicArray<A, D> {
  const one: readonly [SymbolicArray<A, D>] = [initial];
  const [last] = loopAll<readonly [SymbolicArray<A, D>], R>(one, table, ([carried], row) => ({
    carried: [body(carried, row)],
    goesOn: null,
  }));
  return last;
}

/** What a turn makes of what it was handed. */
export interface Turn<C extends readonly AnyArray[]> {
  readonly carried: C;
  /** Whether another turn comes, of those that the table has rows for; `null` for all of them. */
  readonly goesOn: SymbolicArray<"", "bool"> | null;
}

/** `loop` for several arrays at once, which may end before its table does. */
export function loopAll<C extends readonly AnyArray[], R extends string>(
  initial: C,
  table: HostArray<`i ${R}`>,
  body: (carried: C, row: SymbolicArray<R>) => Turn<C>,
): C;
export function loopAll(
  initial: readonly AnyArray[],
  table: HostArray<string>,
  body: (carried: readonly AnyArray[], row: SymbolicArray<string>) => Turn<readonly AnyArray[]>,
): readonly AnyArray[] {
  const turn = placeholder({ axes: "", shape: [], type: "int64" });
  const always = placeholder({ axes: "", shape: [], type: "bool" });
  const carried = initial.map(({ axes, shape, type }) => placeholder({ axes, shape, type }));
  const { carried: next, goesOn } = body(carried, rowOf(constant(table), turn));
  refuseOtherForms(initial, next);
  const given = [turn, always, ...carried];
  const results = [goesOn ?? always, ...next];
  const inside = dependents(results, given);
  const captured = readFromAround(inside, [...given.map(({ node }) => node), ...inside], results);
  const [first, ...others] = initial.map(({ axes, shape, type }) => ({ axes, shape, type }));
  const turns = table.shape[0]!;
  const whole = applyKeeping(first!, others, [...initial, ...captured], {
    name: "loop",
    repeats: { turns, nodes: inside },
    lower: (lowering, inputs) => {
      const [starts, around] = [inputs.slice(0, initial.length), inputs.slice(initial.length)];
      const outside = new Map(captured.map(({ node }, at) => [node, around[at]!.node]));
      const graph = lowering.body({ inputs: given, inside, outside, results });
      const names = [lowering.integer(turns), "", ...starts.map((start) => lowering.value(start))];
      return lowering.nodes("Loop", names, initial.length, { body: { graph } });
    },
    gradient: () => {
      throw new Error("loop: carries no gradient; differentiate a single turn");
    },
  });
  return outputsOf(whole.node);
}

/**
 * What `body` makes of some rows of arrays after the others, end to end: memory is needed for one part of them at a time.
 *
 * Rows are to have nothing to do with each other. Carries no gradient.
 *
 * @param arrays each `[b …]`, of as many rows
 * @param rows of a part; a divisor of their number
 * @param body of arrays of so many rows, which makes one of as many
 * @throws RangeError if the parts are not equal, or the body makes another number of rows
 */
export function inParts<const I extends readonly AnyArray[], A extends string, D extends DataType>(
  arrays: I,
  rows: number,
  body: (part: I) => SymbolicArray<A, D>,
): SymbolicArray<A, D>;
export function inParts(
  arrays: readonly AnyArray[],
  rows: number,
  body: (part: readonly AnyArray[]) => SymbolicArray<string, DataType>,
): SymbolicArray<string, DataType> {
  const counts = new Set(arrays.map(({ axes, shape }) => (letters(axes)[0] === "b" ? shape[0]! / rows : Number.NaN)));
  const [turns = Number.NaN] = counts;
  if (counts.size !== 1 || !Number.isInteger(turns))
    throw new RangeError(`inParts: expected arrays in parts of ${rows} rows, got ${arrays.map(show).join(", ")}`);
  const turn = placeholder({ axes: "", shape: [], type: "int64" });
  const always = placeholder({ axes: "", shape: [], type: "bool" });
  const made = body(arrays.map((array) => rowOf(partsOf(array, [turns, rows]), turn)));
  if (letters(made.axes)[0] !== "b" || made.shape[0] !== rows)
    throw new RangeError(`inParts: expected ${rows} rows of the body, got ${show(made)}`);
  const given = [turn, always];
  const results = [always, made];
  const inside = dependents(results, given);
  const captured = readFromAround(inside, [...given.map(({ node }) => node), ...inside], results);
  const { axes, shape, type } = made;
  const parts = apply({ axes: `i ${axes}`, shape: [turns, ...shape], type }, captured, {
    name: "parts",
    repeats: { turns, nodes: inside },
    lower: (lowering, inputs) => {
      const outside = new Map(captured.map(({ node }, at) => [node, inputs[at]!.node]));
      const graph = lowering.body({ inputs: given, inside, outside, results });
      return lowering.nodes("Loop", [lowering.integer(turns), ""], 1, { body: { graph } });
    },
    gradient: () => {
      throw new Error("inParts: carries no gradient; differentiate what is computed of all rows");
    },
  });
  return merge(parts, "i b", "b");
}

function partsOf({ axes, shape, type, node, output }: AnyArray, sizes: readonly number[]) {
  return split(new SymbolicArray({ axes, shape, type }, node, output), "b", "i b", sizes);
}

function refuseOtherForms(initial: readonly AnyArray[], next: readonly AnyArray[]): void {
  if (initial.length !== next.length)
    throw new RangeError(`loop: expected the body to keep ${initial.length} arrays, got ${next.length}`);
  for (const [at, { axes, shape, type }] of initial.entries()) {
    const made = next[at]!;
    if (made.axes !== axes || made.shape.join() !== shape.join() || made.type !== type)
      throw new RangeError(
        `loop: expected the body to keep ${type} ${show(initial[at]!)}, got ${made.type} ${show(made)}`,
      );
  }
}

/** What the loop hands to its body. */
function placeholder<A extends string, D extends DataType>(form: Form<A, D>): SymbolicArray<A, D> {
  return apply(form, [], {
    name: "carried",
    lower: (lowering) => [lowering.name("carried")],
    gradient: () => [],
  });
}

function rowOf<D extends DataType>(
  table: SymbolicArray<string, D>,
  turn: SymbolicArray<"", "int64">,
): SymbolicArray<string, D> {
  const axes = letters(table.axes).slice(1).join(" ");
  return apply({ axes, shape: table.shape.slice(1), type: table.type }, [table, turn], {
    name: "row",
    lower: (lowering, [rows, at]) => [
      lowering.node("Gather", [lowering.value(rows!), lowering.value(at!)], { axis: 0 }),
    ],
    gradient: () => [null, null],
  });
}

/** The nodes before the results that depend on what the loop gives, in order of creation. */
function dependents(results: readonly AnyArray[], given: readonly AnyArray[]): Node[] {
  const known = new Set(given.map(({ node }) => node));
  return nodesBefore(results).filter((node) => {
    const isInside = !known.has(node) && node.inputs.some((input) => known.has(input.node));
    if (isInside) known.add(node);
    return isInside;
  });
}

/** What the body reads and does not make: an array of each node. */
function readFromAround(inside: readonly Node[], made: readonly Node[], results: readonly AnyArray[]): AnyArray[] {
  const own = new Set(made);
  const read = [...inside.flatMap((node) => node.inputs), ...results].filter(({ node }) => !own.has(node));
  return [...new Map(read.map((array) => [array.node, array])).values()];
}
