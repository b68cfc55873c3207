import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { type Axis, letters } from "../axes.ts";
import { writeProduct } from "../matrix-product.ts";
import type { Form } from "../operation.ts";
import type { Roles } from "../roles.ts";
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

/**
 * `factor · einsum(…)`, the factor inside the product where there is a batch axis.
 *
 * @throws RangeError if the arrays are not those of the equation; TypeError if their types differ
 */
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

/**
 * `factor · einsum(…)` by the axes that the arrays have: letters that `output` lacks are summed over.
 *
 * @throws RangeError if a shared axis has two sizes, or an axis stands alone; TypeError if the types differ
 */
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
    lower: (lowering, [left, right]) => [
      writeProduct({ lowering, output, factor }, rolesOf(output, left!, right!), left!, right!),
    ],
    gradient: (given, [left, right]) => [
      contract(left!.axes, factor, asFloat(given), asFloat(right!)),
      contract(right!.axes, factor, asFloat(given), asFloat(left!)),
    ],
  });
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

function parse<E extends string>(equation: E): [LeftOf<E>, RightOf<E>, OutputOf<E>];
function parse(equation: string): [string, string, string] {
  const [inputs, output, ...rest] = equation.split(" -> ");
  const [left, right, ...more] = (inputs ?? "").split(", ");
  if (left === undefined || right === undefined || output === undefined || rest.length > 0 || more.length > 0)
    throw new RangeError(`einsum: expected an equation such as "b n e, e m -> b n m", got "${equation}"`);
  return [left, right, output];
}
