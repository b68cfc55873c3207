import { expect, it } from "vitest";
import { constant } from "../array.ts";
import { gradient } from "../gradient.ts";
import { GraphLowering } from "../lowering.ts";
import { computeOn } from "../operator-check.ts";
import { expectClose } from "../testing/close.ts";
import { evaluate, floats, numbers, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { sum } from "./align.ts";
import * as attention from "./attention.ts";

const { attentionWithoutGradient } = attention;

// Two rows of three queries, two keys, two heads of four numbers.
const [b, q, k, a, f] = [2, 3, 2, 2, 4];
const wave = (length: number, speed: number) => Array.from({ length }, (_, at) => Math.sin(1 + speed * at));
const [queries, keys, values] = [wave(b * q * a * f, 0.7), wave(b * k * a * f, 1.3), wave(b * k * a * f, 2.1)];
const float = <A extends string>(axes: A, shape: readonly number[], cells: readonly number[]) =>
  constant(floats("float32", axes, shape, cells));
const given = {
  queries: float("b q a f", [b, q, a, f], queries),
  keys: float("b k g f", [b, k, a, f], keys),
  values: float("b k g f", [b, k, a, f], values),
};
const factor = 0.8;
const attended = () => attentionWithoutGradient(given.queries, given.keys, given.values, factor);

/** By its definition, cell by cell. */
function naive(): number[] {
  const at = (row: number, length: number, token: number, head: number) => ((row * length + token) * a + head) * f;
  return Array.from({ length: b * q * a * f }, (_, cell) => {
    const [row, query, head] = [
      Math.floor(cell / (q * a * f)),
      Math.floor(cell / (a * f)) % q,
      Math.floor(cell / f) % a,
    ];
    const score = (key: number) =>
      wave(f, 0).reduce(
        (total, __, n) => total + queries[at(row, q, query, head) + n]! * keys[at(row, k, key, head) + n]!,
        0,
      );
    const weights = [0, 1].map((key) => Math.exp(factor * score(key)));
    const total = weights[0]! + weights[1]!;
    return weights.reduce(
      (read, weight, key) => read + (weight / total) * values[at(row, k, key, head) + (cell % f)]!,
      0,
    );
  });
}

const tolerance = { absolute: 5e-7, relative: 0, because: "float32" };

it("each head of a query reads the values by the softmax of its products with the keys", async () => {
  expectClose("attention", (await evaluate({ y: attended() }, plainly)).y, naive(), tolerance);
});

it.each(["standard", "webgpu"] as const)("in the operators that %s has it is the same", async (operators) => {
  const graph = new GraphLowering(new Map(), operators).graph(new Map([["y", attended()]]));
  expect(graph.nodes.map(({ domain }) => domain)).not.toContain("com.microsoft");
  const found = await computeOn({ device: "cpu", threads: 1 }, graph, new Map());
  expectClose("attention", numbers(found.get("y")!), naive(), tolerance);
});

it("refuses keys of other heads, and to be differentiated", () => {
  const fewer = float("b k g f", [b, k, 1, f], wave(b * k * f, 1));
  expect(() => attentionWithoutGradient(given.queries, fewer, given.values, 1)).toThrow(
    "attention: expected keys and values for [b=2 q=3 a=2 f=4], got [b=2 k=2 g=1 f=4]",
  );
  expect(() => gradient(sum(attended(), ""), [given.queries])).toThrow("carries no gradient");
});

gradientsOf(attention, {
  attentionWithoutGradient: { without: "it stands where nothing learns, and to ask for its gradient is an error" },
});
