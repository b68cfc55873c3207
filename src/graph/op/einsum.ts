import { type AnyArray, apply, type FloatType, type Form, type SymbolicArray, show } from "../array.ts";
import { type Axis, cells, letters } from "../axes.ts";
import type { Lowering } from "../lowering.ts";
import { asFloat } from "./elementwise.ts";

type LeftOf<E extends string> = E extends `${infer L}, ${string}` ? L : never;
type RightOf<E extends string> = E extends `${string}, ${infer R} -> ${string}` ? R : never;
type OutputOf<E extends string> = E extends `${string} -> ${infer O}` ? O : never;

/**
 * Sum of products by axis letters: `einsum("b q a f, b k a f -> b a q k", queries, keys)`.
 *
 * Each letter of an input stands in the other input or in the output; letters in neither output are summed over.
 *
 * @throws RangeError if axes do not match the equation, or a shared axis differs in size
 */
export function einsum<const E extends string, D extends FloatType>(
  equation: E,
  x: SymbolicArray<LeftOf<E>, D>,
  y: SymbolicArray<RightOf<E>, NoInfer<D>>,
): SymbolicArray<OutputOf<E>, D> {
  return scaledEinsum(equation, 1, x, y);
}

/** `factor · einsum(…)`, the factor inside the product where there is a batch axis. */
export function scaledEinsum<const E extends string, D extends FloatType>(
  equation: E,
  factor: number,
  x: SymbolicArray<LeftOf<E>, D>,
  y: SymbolicArray<RightOf<E>, NoInfer<D>>,
): SymbolicArray<OutputOf<E>, D> {
  const [left, right, output] = parse(equation);
  if (x.axes !== left || y.axes !== right) throw new RangeError(`einsum "${equation}": got ${show(x)} and ${show(y)}`);
  return contract(output, factor, x, y);
}

/** `factor · einsum(…)` by the axes that the arrays have: letters that `output` lacks are summed over. */
export function contract<O extends string, D extends FloatType>(
  output: O,
  factor: number,
  x: SymbolicArray<string, D>,
  y: SymbolicArray<string, NoInfer<D>>,
): SymbolicArray<O, D> {
  if (x.type !== y.type)
    throw new TypeError(`einsum: expected arrays of one type, got ${x.type} and ${y.type}; use cast`);
  const roles = rolesOf(output, x, y);
  const shape = letters(output).map((letter) => roles.size.get(letter) ?? 0);
  return apply({ axes: output, shape, type: x.type }, [x, y], {
    name: "einsum",
    lower: (lowering, [left, right]) => [lower({ lowering, output, factor }, left!, right!)],
    gradient: (given, [left, right]) => [
      contract(left!.axes, factor, asFloat(given), asFloat(right!)),
      contract(right!.axes, factor, asFloat(given), asFloat(left!)),
    ],
  });
}

interface Roles {
  readonly batch: readonly Axis[];
  readonly left: readonly Axis[];
  readonly right: readonly Axis[];
  readonly summed: readonly Axis[];
  readonly size: ReadonlyMap<Axis, number>;
}

function rolesOf(output: string, x: Form, y: Form): Roles {
  const [inX, inY, inOutput] = [letters(x.axes), letters(y.axes), letters(output)];
  const size = new Map<Axis, number>(inX.map((letter, at) => [letter, x.shape[at]!]));
  for (const [at, letter] of inY.entries()) {
    const known = size.get(letter);
    if (known !== undefined && known !== y.shape[at])
      throw new RangeError(`einsum: ${show(x)} and ${show(y)} differ in "${letter}": ${known} and ${y.shape[at]}`);
    size.set(letter, y.shape[at]!);
  }
  const lone = [...size.keys(), ...inOutput].find(
    (letter) => Number(inX.includes(letter)) + Number(inY.includes(letter)) + Number(inOutput.includes(letter)) < 2,
  );
  if (lone !== undefined)
    throw new RangeError(
      `einsum: "${lone}" of ${show(x)}, ${show(y)} -> "${output}" stands alone; sum or align it first`,
    );
  return {
    batch: inOutput.filter((letter) => inX.includes(letter) && inY.includes(letter)),
    left: inOutput.filter((letter) => inX.includes(letter) && !inY.includes(letter)),
    right: inOutput.filter((letter) => inY.includes(letter) && !inX.includes(letter)),
    summed: inX.filter((letter) => inY.includes(letter) && !inOutput.includes(letter)),
    size,
  };
}

/** One product being written: where to, and what its letters do. */
interface Product extends Roles {
  readonly lowering: Lowering;
  readonly output: string;
  readonly factor: number;
}

/** One matrix product between reshapes, with a transposition only where the layout asks for it. */
function lower(product: Omit<Product, keyof Roles>, x: AnyArray, y: AnyArray): string {
  const roles = rolesOf(product.output, x, y);
  const { batch, left, right } = roles;
  const isTurned = spell([...batch, ...right, ...left]) === product.output && spell(natural(roles)) !== product.output;
  return isTurned
    ? multiply({ ...product, ...roles, left: right, right: left }, y, x)
    : multiply({ ...product, ...roles }, x, y);
}

function multiply(product: Product, x: AnyArray, y: AnyArray): string {
  const { lowering, output, left, right, size } = product;
  const summed = summedOrder(product, x, y);
  const a = matrix(product, x, { rows: left, columns: summed });
  const b = matrix(product, y, { rows: summed, columns: right });
  const order = natural(product);
  const flat = product.batch.length === 0 ? gemm(product, a, b, x) : batched(product, a, b, x);
  const whole = lowering.node("Reshape", [flat, lowering.integers(order.map((letter) => size.get(letter)!))]);
  if (spell(order) === output) return whole;
  return lowering.node("Transpose", [whole], { perm: letters(output).map((letter) => order.indexOf(letter)) });
}

function natural({ batch, left, right }: Roles): Axis[] {
  return [...batch, ...left, ...right];
}

function spell(axes: readonly Axis[]): string {
  return axes.join(" ");
}

interface Matrix {
  readonly name: string;
  /** Stored with rows and columns exchanged. */
  readonly isTransposed: boolean;
}

/** Order of the summed axes that spares most transpositions. */
function summedOrder({ batch, left, right, summed }: Roles, x: AnyArray, y: AnyArray): readonly Axis[] {
  const fromY = letters(y.axes).filter((letter) => summed.includes(letter));
  const isReady = (order: readonly Axis[], array: AnyArray, free: readonly Axis[]) =>
    spell([...batch, ...free, ...order]) === array.axes || spell([...batch, ...order, ...free]) === array.axes;
  const isBetter = isReady(fromY, y, right) && !isReady(summed, y, right) && !isReady(summed, x, left);
  return isBetter ? fromY : summed;
}

/** An array as `[batch, rows, columns]`, or `[rows, columns]` without batch axes; transposed in memory where it lies so. */
function matrix(
  { lowering, batch, size }: Product,
  array: AnyArray,
  { rows, columns }: { readonly rows: readonly Axis[]; readonly columns: readonly Axis[] },
): Matrix {
  const own = letters(array.axes);
  const plain = [...batch, ...rows, ...columns];
  const isPlain = spell(plain) === array.axes;
  const count = (group: readonly Axis[]) => cells(group.map((letter) => size.get(letter)!));
  const head = batch.length === 0 ? [] : [count(batch)];
  const reshape = (name: string, sizes: number[]) => lowering.node("Reshape", [name, lowering.integers(sizes)]);
  if (!isPlain && spell([...batch, ...columns, ...rows]) === array.axes)
    return { name: reshape(lowering.value(array), [...head, count(columns), count(rows)]), isTransposed: true };
  const ordered = isPlain
    ? lowering.value(array)
    : lowering.node("Transpose", [lowering.value(array)], { perm: plain.map((letter) => own.indexOf(letter)) });
  return { name: reshape(ordered, [...head, count(rows), count(columns)]), isTransposed: false };
}

function gemm({ lowering, factor }: Product, a: Matrix, b: Matrix, like: Form): string {
  const product = lowering.node("Gemm", [a.name, b.name], {
    transA: a.isTransposed ? 1 : 0,
    transB: b.isTransposed ? 1 : 0,
  });
  return factor === 1 ? product : lowering.node("Mul", [product, lowering.scalar(like, factor)]);
}

/** Float64 takes the plain product: `FusedMatMul` rounds its factor to float32. */
function batched({ lowering, factor }: Product, a: Matrix, b: Matrix, like: Form): string {
  if (like.type === "float32")
    return lowering.fused("FusedMatMul", [a.name, b.name], {
      transA: a.isTransposed ? 1 : 0,
      transB: b.isTransposed ? 1 : 0,
      alpha: { float: factor },
    });
  const straight = ({ name, isTransposed }: Matrix) =>
    isTransposed ? lowering.node("Transpose", [name], { perm: [0, 2, 1] }) : name;
  const product = lowering.node("MatMul", [straight(a), straight(b)]);
  return factor === 1 ? product : lowering.node("Mul", [product, lowering.scalar(like, factor)]);
}

function parse<E extends string>(equation: E): [LeftOf<E>, RightOf<E>, OutputOf<E>];
function parse(equation: string): [string, string, string] {
  const [inputs, output, ...rest] = equation.split(" -> ");
  const [left, right, ...more] = (inputs ?? "").split(", ");
  if (left === undefined || right === undefined || output === undefined || rest.length > 0 || more.length > 0)
    throw new RangeError(`einsum: expected an equation such as "b n e, e m -> b n m", got "${equation}"`);
  return [left, right, output];
}
