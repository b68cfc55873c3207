import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { allocate, type DataType, HostArray } from "../host-array.ts";
import type { AnyArray, Lowering } from "../operation.ts";

/**
 * Number of real tokens before each token, at least 0: what RoPE takes. Unreal tokens do not advance it.
 *
 * @source openpi `pi0.py` `compute_loss`: `cumsum(input_mask) − 1`
 */
export function realPositions(isReal: SymbolicArray<"b n", "bool">): SymbolicArray<"b n", "int32"> {
  return apply({ axes: "b n", shape: isReal.shape, type: "int32" }, [isReal], {
    name: "realPositions",
    lower: (lowering, [real]) => {
      const one = lowering.node("Cast", [lowering.value(real!)], { to: 6 });
      const count = lowering.node("CumSum", [one, lowering.integer(1)]);
      const like = { axes: "", shape: [], type: "int32" } as const;
      return [
        lowering.node("Max", [lowering.node("Sub", [count, lowering.scalar(like, 1)]), lowering.scalar(like, 0)]),
      ];
    },
    gradient: () => [null],
  });
}

/** What each token of a stream adds to the positions of those behind it, and where it stands itself. */
export interface TokenPlaces {
  /** `[n]`: how far positions go on behind the token, if it is real. */
  readonly advances: readonly number[];
  /** `[n][r]`: its own distance, along each axis, from where positions have come to before it. */
  readonly offsets: readonly (readonly number[])[];
}

/**
 * Positions along several axes: what the real tokens before each token advance by, and its own offsets. Unreal tokens do not advance any.
 *
 * @throws RangeError if places are those of another number of tokens
 */
export function axisPositions(
  isReal: SymbolicArray<"b n", "bool">,
  { advances, offsets }: TokenPlaces,
): SymbolicArray<"b n r", "int32"> {
  const [b = 0, n = 0] = isReal.shape;
  if (advances.length !== n || offsets.length !== n)
    throw new RangeError(
      `axisPositions: expected places of ${n} tokens, got ${advances.length} advances and ${offsets.length} offsets`,
    );
  const axes = offsets[0]!.length;
  return apply({ axes: "b n r", shape: [b, n, axes], type: "int32" }, [isReal], {
    name: "axisPositions",
    lower: (lowering, [real]) => {
      const one = lowering.node("Cast", [lowering.value(real!)], { to: 6 });
      const step = lowering.node("Mul", [one, lowering.constant(integers("n", [n], advances))]);
      const before = lowering.node("CumSum", [step, lowering.integer(1)], { exclusive: 1 });
      const apart = lowering.reshaped(before, [b, n], [b, n, 1]);
      return [lowering.node("Add", [apart, lowering.constant(integers("n r", [n, axes], offsets.flat()))])];
    },
    gradient: () => [null],
  });
}

function integers<A extends string>(axes: A, shape: readonly number[], cells: readonly number[]) {
  return new HostArray(axes, shape, "int32", Int32Array.from(cells));
}

/** Where tokens stand: along one axis, or along several of which the pairs of a head take one each, by turns. */
export type Positions = SymbolicArray<"b n", "int32"> | SymbolicArray<"b n r", "int32">;

/**
 * Rotary position embedding of `[b n a f]`: each pair `(f, f + F/2)` turned by `position · base^(−2f/F)`.
 *
 * Where there are several axes, pair `f` has the position along axis `f mod r`: where a token's positions are equal, this is the same, to
 * the bit, as one axis.
 *
 * @param positions in `[0, limit)`; one at the limit stops the run
 * @param options.base 10,000 in Gemma
 * @source openpi `gemma.py` `_apply_rope`; Su et al.: RoFormer (arXiv:2104.09864); several axes: OpenTau `paligemma_with_expert.py`
 *   `apply_rope`
 */
export function rope<D extends FloatType>(
  x: SymbolicArray<"b n a f", D>,
  positions: Positions,
  options: { readonly base: number; readonly limit: number },
): SymbolicArray<"b n a f", D> {
  return turn(x, positions, { ...options, direction: 1 });
}

interface Turn {
  readonly base: number;
  readonly limit: number;
  readonly direction: 1 | -1;
}

/** Turning back is the gradient of turning: a rotation's inverse is its transpose. */
function turn<A extends string, D extends DataType>(
  x: SymbolicArray<A, D>,
  positions: AnyArray,
  options: Turn,
): SymbolicArray<A, D> {
  const width = x.shape[3];
  if (x.shape.length !== 4 || width === undefined || width % 2 !== 0)
    throw new RangeError(`rope: expected [b n a f] with an even head width, got ${show(x)}`);
  return apply({ axes: x.axes, shape: x.shape, type: x.type }, [x, positions], {
    name: "rope",
    lower: (lowering, [value, at]) => [
      x.type === "float32" ? lower32(lowering, value!, at!, options) : lower64(lowering, value!, at!, options),
    ],
    gradient: (given, [, at]) => [turn(given, at!, { ...options, direction: options.direction === 1 ? -1 : 1 }), null],
  });
}

function lower32(lowering: Lowering, x: AnyArray, positions: AnyArray, options: Turn): string {
  const [b, n, a, f] = x.shape;
  const rows = [b!, n!, a! * f!];
  const flat = lowering.reshaped(lowering.value(x), x.shape, rows);
  const { cosines, sines } = tables(lowering, f!, options, "float32");
  const turned = lowering.node("RotaryEmbedding", [flat, ...angles()], { num_heads: a! });
  return lowering.reshaped(turned, rows, x.shape);

  function angles(): string[] {
    if (positions.shape.length === 2)
      return [cosines, sines, lowering.node("Cast", [lowering.value(positions)], { to: 7 })];
    const row = rowsByPair(lowering, positions, f! / 2);
    return [row(cosines), row(sines)];
  }
}

/** `RotaryEmbedding` has no float64 kernel. */
function lower64(lowering: Lowering, x: AnyArray, positions: AnyArray, options: Turn): string {
  const [b, n, , f] = x.shape;
  const half = f! / 2;
  const { cosines, sines } = tables(lowering, f!, options, "float64");
  const part = (start: number) =>
    lowering.node("Slice", [
      lowering.value(x),
      lowering.integers([start]),
      lowering.integers([start + half]),
      lowering.integers([3]),
    ]);
  const byToken = (table: string) => lowering.node("Gather", [table, lowering.value(positions)]);
  const rowOf = positions.shape.length === 2 ? byToken : rowsByPair(lowering, positions, half);
  const row = (table: string) => lowering.node("Reshape", [rowOf(table), lowering.integers([b!, n!, 1, half])]);
  const [first, second, cosine, sine] = [part(0), part(half), row(cosines), row(sines)];
  const product = (one: string, other: string) => lowering.node("Mul", [one, other]);
  return lowering.node(
    "Concat",
    [
      lowering.node("Sub", [product(first, cosine), product(second, sine)]),
      lowering.node("Add", [product(second, cosine), product(first, sine)]),
    ],
    { axis: 3 },
  );
}

/** `[b n F/2]` of a table: of each pair, the row of its own axis' position. */
function rowsByPair(lowering: Lowering, positions: AnyArray, half: number): (table: string) => string {
  const [b, n, axes] = positions.shape;
  const axisOf = lowering.integers(Array.from({ length: half }, (_, pair) => pair % axes!));
  const byPair = lowering.node("Gather", [lowering.value(positions), axisOf], { axis: 2 });
  const at = lowering.reshaped(byPair, [b!, n!, half], [b! * n!, half]);
  return (table) =>
    lowering.reshaped(lowering.node("GatherElements", [table, at], { axis: 0 }), [b! * n!, half], [b!, n!, half]);
}

/** Names of the tables `[position, pair]`, which all layers of one head width share. */
function tables(
  lowering: Lowering,
  headWidth: number,
  { base, limit, direction }: Turn,
  type: FloatType,
): { readonly cosines: string; readonly sines: string } {
  const half = headWidth / 2;
  const table = (of: (angle: number) => number) => () => {
    const cells = allocate(type, limit * half);
    for (let at = 0; at < cells.length; at++) cells[at] = of(Math.floor(at / half) * base ** (-(at % half) / half));
    return new HostArray("n f", [limit, half], type, cells);
  };
  const key = `rope ${type} [${limit}, ${half}] of ${base}`;
  return {
    cosines: lowering.shared(`${key}: cosine`, table(Math.cos)),
    sines: lowering.shared(
      `${key}: ${direction} sine`,
      table((angle) => direction * Math.sin(angle)),
    ),
  };
}
