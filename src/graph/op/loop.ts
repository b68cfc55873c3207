import { apply, constant, nodesBefore, type SymbolicArray, show } from "../array.ts";
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
  const { axes, shape, type } = initial;
  const turn = placeholder({ axes: "", shape: [], type: "int64" });
  const goesOn = placeholder({ axes: "", shape: [], type: "bool" });
  const carried = placeholder({ axes, shape, type });
  const next = body(carried, rowOf(table, turn));
  if (next.axes !== axes || next.shape.join() !== shape.join() || next.type !== type)
    throw new RangeError(`loop: expected the body to keep ${type} ${show(initial)}, got ${next.type} ${show(next)}`);
  const given = [turn, goesOn, carried];
  const inside = dependents(next, given);
  const captured = readFromAround(inside, [...given.map(({ node }) => node), ...inside], next);
  return apply({ axes, shape, type }, [initial, ...captured], {
    name: "loop",
    repeats: { turns: table.shape[0]!, nodes: inside },
    lower: (lowering, [start, ...around]) => {
      const outside = new Map(captured.map(({ node }, at) => [node, around[at]!.node]));
      const graph = lowering.body({ inputs: given, inside, outside, results: [goesOn, next] });
      return [
        lowering.node("Loop", [lowering.integer(table.shape[0]!), "", lowering.value(start!)], { body: { graph } }),
      ];
    },
    gradient: () => {
      throw new Error("loop: carries no gradient; differentiate a single turn");
    },
  });
}

/** What the loop hands to its body. */
function placeholder<A extends string, D extends DataType>(form: Form<A, D>): SymbolicArray<A, D> {
  return apply(form, [], {
    name: "carried",
    lower: (lowering) => [lowering.name("carried")],
    gradient: () => [],
  });
}

function rowOf<R extends string>(table: HostArray<`i ${R}`>, turn: SymbolicArray<"", "int64">): SymbolicArray<R>;
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

/** The nodes before `next` that depend on what the loop gives, in order of creation. */
function dependents(next: AnyArray, given: readonly AnyArray[]): Node[] {
  const known = new Set(given.map(({ node }) => node));
  return nodesBefore([next]).filter((node) => {
    const isInside = !known.has(node) && node.inputs.some((input) => known.has(input.node));
    if (isInside) known.add(node);
    return isInside;
  });
}

/** What the body reads and does not make: an array of each node. */
function readFromAround(inside: readonly Node[], made: readonly Node[], next: AnyArray): AnyArray[] {
  const own = new Set(made);
  const read = [...inside.flatMap((node) => node.inputs), next].filter(({ node }) => !own.has(node));
  return [...new Map(read.map((array) => [array.node, array])).values()];
}
