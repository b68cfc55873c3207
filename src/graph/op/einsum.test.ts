import { describe, expect, it } from "vitest";
import { constant, type FloatType, input, type SymbolicArray } from "../array.ts";
import { cells, letters } from "../axes.ts";
import { stream } from "../random.ts";
import { expectClose } from "../testing/close.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import * as ops from "./einsum.ts";

const { contract, einsum, scaledEinsum } = ops;

/** Sizes that differ, so that an exchanged axis cannot go unseen; `o` and `y` are of size 1. */
const sizeByLetter = new Map<string, number>(
  Object.entries({
    b: 2,
    t: 3,
    d: 5,
    n: 6,
    q: 3,
    k: 5,
    g: 2,
    r: 3,
    a: 4,
    f: 7,
    e: 8,
    j: 9,
    m: 10,
    c: 3,
    i: 2,
    s: 4,
    o: 1,
    y: 1,
  }),
);

const equations = [
  // What nn/ and policy/ write, and the products of its gradients.
  "b n e, m e -> b n m; b n e, a f e -> b n a f; b q a f, e a f -> b q e; b n c i j, e c i j -> b n e",
  "b t d, e d -> b t e; b o s, e s -> b o e; b t e, d e -> b t d; b n j, e j -> b n e; b n e, g f e -> b n g f",
  "b q g r f, b k g f -> b g r q k; b g r q k, b k g f -> b q g r f; b n m, m e -> b n e; b n m, b n e -> m e",
  "b q g r f, b k g f -> b g q r k; b g q r k, b k g f -> b q g r f; b g q r k, b q g r f -> b k g f",
  "b q g r f, b g q r k -> b k g f; b k g f, b q g r f -> b g q r k; b t e, e j -> b t j; b n e, b n j -> e j",
  "b n a f, a f e -> b n e; b n a f, b n e -> a f e; b q e, e a f -> b q a f; b q e, b q a f -> e a f",
  "b g r q k, b q g r f -> b k g f; b q g r f, b g r q k -> b k g f; b g r q k, b k g f -> b q g r f",
  // Matrices, straight and transposed on either side, then with a transposed result.
  "i e, e j -> i j; e i, e j -> i j; i e, j e -> i j; e i, j e -> i j; i e, e j -> j i; e i, j e -> j i",
  "b i e, b e j -> b i j; b e i, b j e -> b i j; b i e, b e j -> b j i; b e i, b j e -> b j i",
  // A batch axis that does not stand in front.
  "i b e, e b j -> b i j; i b e, b e j -> i b j; b i e, b j e -> i b j; b g q f, g b f k -> g b k q",
  // Several axes in each role, in orders that agree and that do not.
  "b a i c e, b a e c j -> b a i j; b a c e, e c j -> b a j; t c a e, d e f c -> a t f d",
  "b g q f, g b f k -> b g q k; t a c e, c e d f -> t a d f; b c i e, b j e c -> b j i",
  // Outer and inner products, batch axes alone, one side without axes of its own.
  "b t, d -> b t d; i, j -> j i; i b, j b -> b j i; b n, b n -> ; b n, n b -> ; i, i -> ; , -> ",
  "b t, b t -> b t; b t, t b -> t b; b n, b -> n b; b, b n -> b n; , b n -> b n; b n,  -> n b",
  "b n e, e -> b n; e, b n e -> b n; b e, b e j -> b j; b n, b -> n; b, b n -> n",
  // Axes of size 1 in every role.
  "o n e, m e -> o n m; o e, y e -> o y; b o, o j -> b j; o b e, o e y -> o y b; b o e, b e y -> b y o; o y, o y -> ",
]
  .flatMap((line) => line.split(";"))
  .map((equation) => equation.split(/,|->/).map((axes) => axes.trim()))
  .map(([x, y, output]) => [x!, y!, output!] as const);

describe("einsum is the naive sum of products", () => {
  it.each(equations)("[%s] and [%s] to [%s]", async (x, y, output) => {
    const [left, right] = [operand("x", x), operand("y", y)];
    for (const type of ["float32", "float64"] as const) {
      const [one, other] = [left, right].map((each) => constant(floats(type, each.axes, each.shape, each.values)));
      const { product, scaled } = await evaluate(
        { product: contract(output, 1, one!, other!), scaled: contract(output, -0.75, one!, other!) },
        plainly,
      );
      const expected = naive(left, right, output);
      const tolerance =
        type === "float32"
          ? { absolute: 2e-6, relative: 1e-6, because: "float32 sums of up to 216 products below 1" }
          : { absolute: 1e-14, relative: 1e-14, because: "float64 sums of up to 216 products below 1" };
      expectClose(type, product, expected, tolerance);
      expectClose(
        `${type}, scaled`,
        scaled,
        expected.map((cell) => -0.75 * cell),
        tolerance,
      );
    }
  });
});

it("an equation is the contraction of the axes it names", async () => {
  const x = constant(floats("float32", "b q", [2, 2], [1, 2, 3, 4]));
  const y = constant(floats("float32", "k q", [3, 2], [1, 0, 0, 1, 1, 1]));
  const { product, scaled } = await evaluate(
    { product: einsum("b q, k q -> k b", x, y), scaled: scaledEinsum("b q, k q -> b k", 0.5, x, y) },
    plainly,
  );
  const exact = { absolute: 0, relative: 0, because: "small integers" };
  expectClose("product", product, [1, 3, 2, 4, 3, 7], exact);
  expectClose("scaled", scaled, [0.5, 1, 1.5, 1.5, 2, 3.5], exact);
});

it("an array may meet itself", async () => {
  const x = constant(floats("float32", "b e", [2, 2], [1, 2, 3, 4]));
  const { product } = await evaluate({ product: contract("", 1, x, x) }, plainly);
  expectClose("squared length", product, [30], { absolute: 0, relative: 0, because: "small integers" });
});

describe("errors", () => {
  const x = input("x", "b e", [2, 3], "float32");
  const y = input("y", "e j", [4, 5], "float32");

  it("name a shared axis with both its sizes", () => {
    expect(() => einsum("b e, e j -> b j", x, y)).toThrow('einsum: [b=2 e=3] and [e=4 j=5] differ in "e": 3 and 4');
  });

  it("name both types where they differ", () => {
    const double: SymbolicArray<string, FloatType> = input("double", "e j", [3, 5], "float64");
    expect(() => contract<string, FloatType>("b j", 1, x, double)).toThrow("got float32 and float64; use cast");
  });

  it("name an axis that stands alone on either side of the arrow", () => {
    const square = input("square", "e j", [3, 5], "float32");
    expect(() => einsum("b e, e j -> j", x, square)).toThrow('"b" of [b=2 e=3], [e=3 j=5] -> "j" stands alone');
    expect(() => einsum("b e, e j -> b j k", x, square)).toThrow('"k"');
  });
});

mustNotCompile(() => {
  const x = input("x", "b e", [2, 3], "float32");
  const y = input("y", "e j", [3, 5], "float32");
  const double = input("double", "e j", [3, 5], "float64");
  // @ts-expect-error The first array has other axes than the equation says.
  einsum("b n, n j -> b j", x, y);
  // @ts-expect-error The second array has them in another order.
  einsum("b e, j e -> b j", x, y);
  // @ts-expect-error Two precisions.
  einsum("b e, e j -> b j", x, double);
  // @ts-expect-error The result has the axes after the arrow.
  const turned: SymbolicArray<"j b"> = einsum("b e, e j -> b j", x, y);
  return turned;
});

gradientsOf(ops, {
  einsum: [
    (float) =>
      einsum(
        "b q g r f, b k g f -> b g r q k",
        float("x", "b q g r f", [2, 3, 2, 2, 4]),
        float("y", "b k g f", [2, 5, 2, 4]),
      ),
  ],
  scaledEinsum: [
    (float) => scaledEinsum("b n e, m e -> b n m", 0.3, float("x", "b n e", [2, 3, 4]), float("y", "m e", [5, 4])),
    (float) =>
      scaledEinsum("b q f, b k f -> b q k", 0.5, float("x", "b q f", [2, 3, 4]), float("y", "b k f", [2, 5, 4])),
  ],
  contract: equations.map(
    ([x, y, output]) =>
      (float) =>
        contract(output, 0.5, float("x", x, operand("x", x).shape), float("y", y, operand("y", y).shape)),
  ),
});

interface Operand {
  readonly axes: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

function operand(name: string, axes: string): Operand {
  const shape = letters(axes).map((letter) => sizeByLetter.get(letter)!);
  const values = new Float64Array(cells(shape));
  stream(0, "einsum", name, axes).fillUniform(values, 0, 0, 0);
  return { axes, shape, values: values.map((cell) => Math.fround(2 * cell - 1)) };
}

/** Every letter is a loop. */
function naive(x: Operand, y: Operand, output: string): Float64Array {
  const all = [...new Set([...letters(x.axes), ...letters(y.axes)])];
  const out = letters(output);
  const result = new Float64Array(cells(out.map((letter) => sizeByLetter.get(letter)!)));
  const at = new Map<string, number>();
  const place = (axes: readonly string[]) =>
    axes.reduce((offset, letter) => offset * sizeByLetter.get(letter)! + at.get(letter)!, 0);
  const [ofX, ofY] = [letters(x.axes), letters(y.axes)];
  const loop = (depth: number): void => {
    const letter = all[depth];
    if (letter === undefined) {
      result[place(out)]! += x.values[place(ofX)]! * y.values[place(ofY)]!;
      return;
    }
    for (let index = 0; index < sizeByLetter.get(letter)!; index++) {
      at.set(letter, index);
      loop(depth + 1);
    }
  };
  loop(0);
  return result;
}
