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

/**
 * Rotary position embedding of `[b n a f]`: each pair `(f, f + F/2)` turned by `position · base^(−2f/F)`.
 *
 * @param positions `[b n]`, in `[0, limit)`; one at the limit stops the run
 * @param options.base 10,000 in Gemma
 * @source openpi `gemma.py` `_apply_rope`; Su et al.: RoFormer (arXiv:2104.09864)
 */
export function rope<D extends FloatType>(
  x: SymbolicArray<"b n a f", D>,
  positions: SymbolicArray<"b n", "int32">,
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
  const at = lowering.node("Cast", [lowering.value(positions)], { to: 7 });
  const turned = lowering.node("RotaryEmbedding", [flat, cosines, sines, at], {
    num_heads: a!,
  });
  return lowering.reshaped(turned, rows, x.shape);
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
  const row = (table: string) =>
    lowering.node("Reshape", [
      lowering.node("Gather", [table, lowering.value(positions)]),
      lowering.integers([b!, n!, 1, half]),
    ]);
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
