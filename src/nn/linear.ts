import type { SymbolicArray } from "../graph/array.ts";
import { sizeOf } from "../graph/array.ts";
import { cells, letters } from "../graph/axes.ts";
import { alignAny } from "../graph/op/align.ts";
import { contract } from "../graph/op/einsum.ts";
import { add } from "../graph/op/elementwise.ts";
import { type Replace, rename } from "../graph/op/shape.ts";
import { fanIn, type Initial, type Scope, zero } from "./parameter.ts";

export interface LinearOptions<From extends string, To extends string> {
  /** Axes summed over: the last ones of the input, e.g. `"e"` or `"a f"`. */
  readonly from: From;
  /** Axes that take their place, e.g. `"m"`; a single axis may keep its letter and change its size. */
  readonly to: To;
  readonly sizes: readonly number[];
  readonly bias: "zero" | "none";
  readonly initial: Initial | "fan-in";
}

/**
 * `x · Wᵀ + b`: the axes `from` of `x` become the axes `to`.
 *
 * The weight has the axes `to from` (rows are outputs, as in PyTorch); where both are one letter, its columns are `j`.
 */
export function linear<A extends string, const From extends string, const To extends string>(
  scope: Scope,
  x: SymbolicArray<A>,
  options: LinearOptions<From, To>,
): SymbolicArray<Replace<A, From, To>> {
  const { from, to, sizes, bias, initial } = options;
  const widths = letters(from).map((letter) => sizeOf(x, letter));
  const begin = initial === "fan-in" ? fanIn(cells(widths)) : initial;
  const [columns, rows] = letters(to).some((letter) => letter === from) ? ["j", rename(x, from, "j")] : [from, x];
  const weight = scope.parameter("weight", `${to} ${columns}`, [...sizes, ...widths], begin);
  const own = contract(replaced(x.axes, from, to), 1, rows, weight);
  const product = adapted(scope, own, rows, { ...options, columns });
  if (bias === "none") return product;
  return add(product, alignAny(scope.parameter("bias", to, sizes, zero), product));
}

/** A product, and what the map's adapter adds to it: at first nothing. */
function adapted<A extends string>(
  scope: Scope,
  product: SymbolicArray<A>,
  rows: SymbolicArray<string>,
  { to, sizes, columns }: Pick<LinearOptions<string, string>, "to" | "sizes"> & { readonly columns: string },
): SymbolicArray<A> {
  const { adapter } = scope;
  if (adapter === null) return product;
  const { scope: place, rank, factor } = adapter;
  const widths = letters(columns).map((letter) => sizeOf(rows, letter));
  const down = place.in("down").parameter("weight", `l ${columns}`, [rank, ...widths], fanIn(cells(widths)));
  const up = place.in("up").parameter("weight", `${to} l`, [...sizes, rank], zero);
  const narrow = contract(replaced(rows.axes, columns, "l"), 1, rows, down);
  return add(product, contract(product.axes, factor, narrow, up));
}

function replaced<A extends string, From extends string, To extends string>(
  axes: A,
  from: From,
  to: To,
): Replace<A, From, To>;
function replaced(axes: string, from: string, to: string): string {
  if (!axes.endsWith(from)) throw new RangeError(`linear: expected the axes "${from}" last, got "${axes}"`);
  return axes.slice(0, axes.length - from.length) + to;
}
