import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { input, type SymbolicArray } from "./array.ts";
import { gradient } from "./gradient.ts";
import { Lowering } from "./lowering.ts";
import { sum } from "./op/align.ts";
import { add, exp, multiply, sin, square, stopGradient } from "./op/elementwise.ts";
import { rematerialize } from "./rematerialize.ts";
import { expectClose, expectSameBits } from "./testing/close.ts";
import { deepFeeds, deepGraph, type Keeping } from "./testing/deep-graph.ts";
import { evaluate, floats, plainly } from "./testing/evaluate.ts";

const x = input("x", "i", [3], "float32");
const y = input("y", "i", [3], "float32");
const feeds = new Map([
  ["x", floats("float32", "i", [3], [0.5, -1, 2])],
  ["y", floats("float32", "i", [3], [1.5, 3, -0.25])],
]);

/** Loss and gradients with the blocks kept and with them recomputed. */
async function both(build: (block: <R>(inside: () => R) => R) => SymbolicArray<"i">) {
  const run = (block: <R>(inside: () => R) => R) => {
    const loss = sum(build(block), "");
    const [ofX, ofY] = gradient(loss, [x, y]);
    return evaluate({ loss, ofX: ofX!, ofY: ofY! }, { ...plainly, feeds });
  };
  return { kept: await run((inside) => inside()), recomputed: await run(rematerialize) };
}

describe("a recomputed block gives the same bits", () => {
  it("in loss and gradients of a deep graph on two threads", async () => {
    const run = (keeping: Keeping) =>
      evaluate(deepGraph(keeping), { feeds: deepFeeds(), threads: 2, fixed: new Map() });
    const [kept, recomputed] = [await run("kept"), await run("recomputed")];
    expect(kept.loss[0]).not.toBe(0);
    expectSameBits("loss", recomputed.loss, kept.loss);
    expectSameBits("gradient of x", recomputed.ofX, kept.ofX);
    expectSameBits("gradient of the weight", recomputed.ofWeight, kept.ofWeight);
  });

  it.each([
    [
      "blocks in sequence",
      (block) =>
        block(() =>
          sin(
            multiply(
              block(() => exp(multiply(x, y))),
              y,
            ),
          ),
        ),
    ],
    ["a block inside a block", (block) => block(() => square(block(() => sin(multiply(square(x), y)))))],
    [
      "a block with two results",
      (block) => {
        const [one, other] = block(() => [sin(multiply(x, y)), exp(x)] as const);
        return multiply(square(one), other);
      },
    ],
    [
      "a block that nobody differentiates through",
      (block) =>
        add(
          x,
          block(() => stopGradient(square(multiply(x, y)))),
        ),
    ],
    [
      "a block that reads what does not lead to a parameter",
      (block) => block(() => square(multiply(stopGradient(exp(x)), sin(y)))),
    ],
  ] satisfies [string, (block: <R>(inside: () => R) => R) => SymbolicArray<"i">][])("in %s", async (_, build) => {
    const { kept, recomputed } = await both(build);
    for (const output of ["loss", "ofX", "ofY"] as const) expectSameBits(output, recomputed[output], kept[output]);
  });

  it("and a gradient stays stopped inside it", async () => {
    const { recomputed } = await both((block) => block(() => multiply(x, stopGradient(multiply(x, y)))));
    const exact = { absolute: 0, relative: 0, because: "products of small binary fractions" };
    expectClose("gradient of x", recomputed.ofX, [0.75, -3, -0.5], exact);
    expectClose("gradient of y", recomputed.ofY, [0, 0, 0], exact);
  });
});

describe("a block is really recomputed", () => {
  it("its ops stand twice in the program, all others once", () => {
    const count = (build: (inside: () => SymbolicArray<"i">) => SymbolicArray<"i">, operator: string) => {
      const loss = sum(square(build(() => multiply(sin(exp(x)), y))), "");
      const [slope] = gradient(loss, [x]);
      const { nodes } = new Lowering(new Map()).graph(
        new Map<string, SymbolicArray<string>>([
          ["loss", loss],
          ["slope", slope!],
        ]),
      );
      return nodes.filter((node) => node.operator === operator).length;
    };
    expect(count((inside) => inside(), "Exp")).toBe(1);
    expect(count(rematerialize, "Exp")).toBe(2);
    expect(count(rematerialize, "ReduceSum")).toBe(1);
  });

  it("a graph of 16 blocks takes less than half the memory", () => {
    const file = new URL("testing/deep-graph.ts", import.meta.url).pathname;
    const megabytes = (keeping: Keeping) =>
      Number(execFileSync(process.execPath, [file, keeping], { encoding: "utf8" }));
    const [kept, recomputed] = [megabytes("kept"), megabytes("recomputed")];
    // 16 blocks of six arrays of 2 MB each, against one block and 16 inputs of 2 MB.
    expect(kept).toBeGreaterThan(150);
    expect(recomputed).toBeLessThan(kept / 2);
  });
});
