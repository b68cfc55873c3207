import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { asBlock, type FloatType, input, type SymbolicArray } from "./array.ts";
import { productOperations } from "./cost.ts";
import { gradient, gradientByBlocks } from "./gradient.ts";
import { HostArray, zeros } from "./host-array.ts";
import { alignTo, sum } from "./op/align.ts";
import { einsum } from "./op/einsum.ts";
import { add, exp, multiply, sin } from "./op/elementwise.ts";
import { Program } from "./program.ts";
import { expectClose } from "./testing/close.ts";
import { evaluate, floats, plainly } from "./testing/evaluate.ts";

const x = input("x", "i", [3], "float64");
const weight = input("weight", "i j", [3, 3], "float64");
const feeds = new Map<string, HostArray<string, "float64">>([
  ["x", floats("float64", "i", [3], [0.5, -1, 2])],
  ["weight", floats("float64", "i j", [3, 3], [1, 0, 2, -1, 0.5, 0, 0, 1, -0.5])],
]);

/** Three blocks, of which the last also reads an array from inside the first. */
function chain() {
  const first = asBlock(() => {
    const inner = exp(x);
    return { inner, out: sin(multiply(inner, x)) };
  });
  const second = asBlock(() => sin(exp(multiply(first.out, first.out))));
  const third = asBlock(() =>
    multiply(exp(einsum("i, i j -> j", second, weight)), alignTo(sum(first.inner, ""), bias)),
  );
  return sum(third, "");
}

const bias = { axes: "j", shape: [3], type: "float64" } as const;

/** How often the runtime carries out each operator, once it has optimised the program. */
async function callsOf(outputs: Record<string, SymbolicArray<string, FloatType>>): Promise<Map<string, number>> {
  const profile = join(tmpdir(), `armature-recompute-test-${process.pid}`);
  const program = await Program.compile(outputs, { device: "cpu", threads: 1, fixed: new Map(), profile });
  const read = program.inputs.map(({ name }) => [name, feeds.get(name)!] as const);
  await program.run(new Map(read), new Map(program.outputs.map(({ name, shape }) => [name, storageOf(shape)])));
  const found = program.takeProfile();
  program.release();
  return new Map(found.map(({ operator, calls }) => [operator, calls]));
}

function storageOf(shape: readonly number[]) {
  return zeros(["", "i", "i j"][shape.length]!, shape, "float64");
}

describe("a gradient by blocks", () => {
  const [loss, other] = [chain(), chain()];
  const [ofX, ofWeight] = gradient(loss, [x, weight]);
  const plain = { loss, ofX: ofX!, ofWeight: ofWeight! };
  const [againX, againWeight] = gradientByBlocks(other, [x, weight]);
  const again = { loss: other, ofX: againX!, ofWeight: againWeight! };

  it("is the gradient, to the bit", async () => {
    const [once, twice] = [await evaluate(plain, { ...plainly, feeds }), await evaluate(again, { ...plainly, feeds })];
    expect(twice).toEqual(once);
    expect(once.ofWeight.some((cell) => cell !== 0)).toBe(true);
  });

  it("has the runtime compute what is inside of a block twice, what others read of it once, and merges nothing", async () => {
    // exp: of three blocks one each; the first's is read by the third, so it is kept. sin: its gradient asks for its input, not for itself.
    expect((await callsOf(plain)).get("Exp")).toBe(3);
    expect((await callsOf(again)).get("Exp")).toBe(5);
    expect((await callsOf(plain)).get("Sin")).toBe(2);
    expect((await callsOf(again)).get("Sin")).toBe(2);
  });

  it("costs the products of its blocks once more", () => {
    // The one product of a row and a matrix, 2 · 9 operations, forward; two more for its gradients.
    expect(productOperations([...Object.values(plain)])).toBe(3 * 18);
    expect(productOperations([...Object.values(again)])).toBe(4 * 18);
  });
});

it("what is no number, and the zero that is negative, come back into a block as they were", async () => {
  const values = new HostArray("i", [3], "float64", Float64Array.of(-0, Number.NaN, Number.NEGATIVE_INFINITY));
  const given = add(x, x);
  const squared = asBlock(() => multiply(exp(given), given));
  const [slope] = gradientByBlocks(sum(squared, ""), [given]);
  const [once] = gradient(sum(squared, ""), [given]);
  const found = await evaluate({ slope: slope!, once: once! }, { ...plainly, feeds: new Map([["x", values]]) });
  expect([...found.slope].every((cell, at) => Object.is(cell, found.once[at]))).toBe(true);
});

it("nothing outside of blocks is computed again, and a block within a block ends where it ends", async () => {
  const outside = exp(x);
  const nested = asBlock(() => {
    const own = asBlock(() => exp(multiply(outside, outside)));
    return exp(multiply(own, own));
  });
  const [slope] = gradientByBlocks(sum(exp(multiply(nested, nested)), ""), [x]);
  // Outside: two. The inner block's is read by the outer one, the outer block's outside: kept, both.
  expect((await callsOf({ slope: slope! })).get("Exp")).toBe(4);
  const { slope: found } = await evaluate({ slope: slope! }, { ...plainly, feeds });
  const { once } = await evaluate(
    { once: gradient(sum(exp(multiply(nested, nested)), ""), [x])[0]! },
    { ...plainly, feeds },
  );
  expectClose("slope", found, [...once], { absolute: 0, relative: 0, because: "the same operations" });
});

it("a block that fails to be made leaves none around what follows", () => {
  expect(() =>
    asBlock(() => {
      throw new RangeError("no block");
    }),
  ).toThrow("no block");
  expect(exp(x).node.block).toBeNull();
});
