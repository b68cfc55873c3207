import { existsSync, globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { input, type SymbolicArray } from "./array.ts";
import { constantLike, gradient } from "./gradient.ts";
import { sum } from "./op/align.ts";
import { einsum } from "./op/einsum.ts";
import { add, exp, multiply, scale, sin, square } from "./op/elementwise.ts";
import { cast } from "./op/select.ts";
import { slice } from "./op/shape.ts";
import { expectClose } from "./testing/close.ts";
import { evaluate, floats, plainly } from "./testing/evaluate.ts";

const exact = { absolute: 0, relative: 0, because: "small integers" };
const x = input("x", "i", [3], "float64");
const y = input("y", "i", [3], "float64");
const feeds = new Map([
  ["x", floats("float64", "i", [3], [1, 2, 3])],
  ["y", floats("float64", "i", [3], [-1, 0.5, 2])],
]);
const slopes = (of: SymbolicArray<"", "float64">, wrt: readonly SymbolicArray<string, "float64">[]) =>
  evaluate(Object.fromEntries(gradient(of, wrt).map((array, at) => [`${at}`, array])), { ...plainly, feeds });

describe("reverse mode", () => {
  it("follows the chain rule through what is used more than once", async () => {
    const inner = multiply(x, y);
    const found = await slopes(sum(add(square(inner), scale(inner, 3)), ""), [x, y]);
    const by = (own: readonly number[], other: readonly number[]) =>
      own.map((cell, at) => (2 * cell * other[at]! + 3) * other[at]!);
    expectClose("gradient of x", found["0"]!, by([1, 2, 3], [-1, 0.5, 2]), exact);
    expectClose("gradient of y", found["1"]!, by([-1, 0.5, 2], [1, 2, 3]), exact);
  });

  it("gives zeros to what the scalar does not depend on, and one to the scalar itself", async () => {
    const total = sum(x, "");
    const found = await slopes(total, [y, total]);
    expectClose("gradient of y", found["0"]!, [0, 0, 0], exact);
    expectClose("gradient of itself", found["1"]!, [1], exact);
  });

  it("reaches arrays in the middle of the graph", async () => {
    const middle = square(x);
    const found = await slopes(sum(square(middle), ""), [middle, x]);
    expectClose("gradient of x²", found["0"]!, [2, 8, 18], exact);
    expectClose("gradient of x", found["1"]!, [4, 32, 108], exact);
  });

  it("reaches parts of an array that is cut up", async () => {
    const found = await slopes(sum(multiply(slice(x, "i", 0, 2), slice(x, "i", 1, 3)), ""), [x]);
    expectClose("gradient of x", found["0"]!, [2, 4, 2], exact);
  });

  it("stops at integers", async () => {
    const whole = cast(cast(scale(x, 1.25), "int32"), "float64");
    const found = await slopes(sum(multiply(whole, x), ""), [x]);
    expectClose("gradient of x · ⌊1.25x⌋", found["0"]!, [1, 2, 3], exact);
  });

  it("can be taken of a gradient", async () => {
    const [first] = gradient(sum(multiply(square(x), x), ""), [x]);
    const total = sum(multiply(cast(first!, "float64"), y), "");
    const found = await slopes(sum(total, ""), [x]);
    expectClose("second derivative of x³ along y", found["0"]!, [-6, 6, 36], exact);
  });

  it("passes through a chain of thousands of nodes", async () => {
    let value: SymbolicArray<"i", "float64"> = x;
    for (let at = 0; at < 5000; at++) value = scale(value, at % 2 === 0 ? 2 : 0.5);
    const found = await slopes(sum(value, ""), [x]);
    expectClose("gradient of x", found["0"]!, [1, 1, 1], exact);
  });

  it("of a nest of ops is that of finite differences", async () => {
    const nest = (at: readonly number[]) =>
      at.reduce((total, cell) => total + Math.sin(cell * Math.exp(cell / 4)) ** 2, 0);
    const total = sum(square(sin(multiply(x, exp(scale(x, 0.25))))), "");
    const found = await slopes(total, [x]);
    const expected = [0, 1, 2].map((moved) => {
      const at = (step: number) => nest([1, 2, 3].map((cell, own) => (own === moved ? cell + step : cell)));
      return (8 * (at(1e-3) - at(-1e-3)) - (at(2e-3) - at(-2e-3))) / 12e-3;
    });
    expectClose("gradient of x", found["0"]!, expected, {
      absolute: 1e-9,
      relative: 1e-9,
      because: "finite differences",
    });
  });
});

it("only what a scalar needs is computed: a constant factor costs no second product", () => {
  const weight = input("weight", "i j", [3, 3], "float64");
  const [slope] = gradient(sum(einsum("i, i j -> j", x, weight), ""), [weight]);
  const names = new Set<string>();
  const walk = ({ node }: SymbolicArray<string, "float32" | "float64">["node"]["inputs"][number]): void => {
    names.add(`${node.operation.name} ${node.forms[0]!.axes}`);
    for (const each of node.inputs) walk(each);
  };
  walk(slope!);
  expect([...names].filter((name) => name.startsWith("einsum"))).toEqual(["einsum i j"]);
});

it("an array of one value has it in every cell", async () => {
  expectClose("filled", (await evaluate({ all: constantLike(x, 2.5) }, plainly)).all, [2.5, 2.5, 2.5], exact);
});

it("every module of ops has a test that asks for the gradient of all it exports", () => {
  const modules = globSync("op/*.ts", { cwd: import.meta.dirname }).filter((path) => !path.endsWith(".test.ts"));
  expect(modules.length).toBeGreaterThanOrEqual(9);
  for (const path of modules) {
    const file = basename(path, ".ts");
    const test = new URL(`op/${file}.test.ts`, import.meta.url);
    const text = existsSync(test) ? readFileSync(test, "utf8") : "";
    const name = new RegExp(`^import \\* as (\\w+) from "\\./${file}\\.ts";$`, "m").exec(text)?.[1];
    expect(name, `${file}.test.ts imports all of ${file}.ts`).toBeDefined();
    expect(text, `${file}.test.ts asks for its gradients`).toMatch(new RegExp(`^gradientsOf\\(${name}, \\{$`, "m"));
  }
});
