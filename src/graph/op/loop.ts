import { apply, applyKeeping, constant, nodesBefore, outputsOf, type SymbolicArray, show } from "../array.ts";
import { letters } from "../axes.ts";
import type { DataType, HostArray } from "../host-array.ts";
import type { AnyArray, Form, Node } from "../operation.ts";

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
  const { carried: next, goesOn } = body(carried, rowOf(table, turn));
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

function rowOf(table: HostArray<string>, turn: SymbolicArray<"", "int64">): SymbolicArray<string> {
  const axes = letters(table.axes).slice(1).join(" ");
  return apply({ axes, shape: table.shape.slice(1), type: table.type }, [constant(table), turn], {
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
