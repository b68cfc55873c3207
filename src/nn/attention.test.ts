import { describe, expect, it } from "vitest";
import { constant, input } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { sum } from "../graph/op/align.ts";
import { multiply } from "../graph/op/elementwise.ts";
import { slice } from "../graph/op/shape.ts";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose, expectFinite } from "../graph/testing/close.ts";
import { bits, evaluate, floats, named } from "../graph/testing/evaluate.ts";
import { attend } from "./attention.ts";
import { AttentionPattern } from "./pattern.ts";

const [b, q, k, a, g, f] = [2, 3, 5, 4, 2, 4];
const mayRead = [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1];

const queries = input("queries", "b q a f", [b, q, a, f], "float32");
const keys = input("keys", "b k g f", [b, k, g, f], "float32");
const values = input("values", "b k g f", [b, k, g, f], "float32");
const pattern = AttentionPattern.made(constant(bits("b q k", [b, q, k], mayRead)));

function numbers(name: string, count: number): Float32Array {
  const cells = new Float32Array(count);
  stream(0, "attention", name).fillNormal(cells, 0, 0, 0);
  return cells;
}

function feeds(change: (cells: Float32Array) => void) {
  const [ofKeys, ofValues] = [numbers("keys", b * k * g * f), numbers("values", b * k * g * f)];
  change(ofKeys);
  change(ofValues);
  return named({
    queries: floats("float32", "b q a f", [b, q, a, f], numbers("queries", b * q * a * f)),
    keys: floats("float32", "b k g f", [b, k, g, f], ofKeys),
    values: floats("float32", "b k g f", [b, k, g, f], ofValues),
  });
}

const output = attend(queries, keys, values, pattern);
const weight = constant(floats("float32", "b q a f", [b, q, a, f], numbers("weight", b * q * a * f)));
const [ofQueries, ofKeys, ofValues] = gradient(sum(multiply(output, weight), ""), [queries, keys, values]);
const outputs = { output, ofQueries: ofQueries!, ofKeys: ofKeys!, ofValues: ofValues! };
const run = (change: (cells: Float32Array) => void) =>
  evaluate(outputs, { feeds: feeds(change), threads: 2, fixed: new Map() });

/** Cells of the keys that no query of their row may read. */
function unread(row: number): number[] {
  return Array.from({ length: k }, (_, key) => key).filter(
    (key) => !Array.from({ length: q }, (_, query) => mayRead[(row * q + query) * k + key]).includes(1),
  );
}

describe("attention", () => {
  it("of a query that may read nothing is exactly 0, with finite gradients", async () => {
    const found = await run(() => {});
    const nothing = found.output.slice(a * f, 2 * a * f);
    expectSameBits("output", nothing, new Float64Array(a * f));
    for (const [name, cells] of Object.entries(found)) expectFinite(name, cells);
    expectClose("gradient of the query", found.ofQueries.slice(a * f, 2 * a * f), new Float64Array(a * f), {
      absolute: 0,
      relative: 0,
      because: "nothing was read",
    });
  });

  it("does not see, to the bit, what stands in a key that nobody may read, and sends nothing back to it", async () => {
    expect([unread(0), unread(1)]).toEqual([[3], [3]]);
    const before = await run(() => {});
    const after = await run((cells) => {
      for (const row of [0, 1])
        for (const key of unread(row))
          cells.fill(row === 0 ? 1e30 : -77, (row * k + key) * g * f, (row * k + key + 1) * g * f);
    });
    for (const name of ["output", "ofQueries", "ofKeys", "ofValues"] as const)
      expectSameBits(name, after[name], before[name]);
    const hidden = before.ofValues.slice(3 * g * f, 4 * g * f);
    expectSameBits("gradient of the unread value", hidden, new Float64Array(g * f));
  });

  it("reads, to the bit, the first of its keys as if empty ones stood for the last, where nobody may read these", async () => {
    const hidden = AttentionPattern.made(
      constant(
        bits(
          "b q k",
          [b, q, k],
          mayRead.map((bit, at) => (at % k < 3 ? bit : 0)),
        ),
      ),
    );
    const first = AttentionPattern.made(
      constant(
        bits(
          "b q k",
          [b, q, 3],
          mayRead.filter((_, at) => at % k < 3),
        ),
      ),
    );
    const some = (array: typeof keys) => slice(array, "k", 0, 3);
    const pattern = first.withEmptyKeys(1).withEmptyKeys(1);
    const outputs = {
      whole: attend(queries, keys, values, hidden),
      part: attend(queries, pattern.layOut([some(keys)]), pattern.layOut([some(values)]), pattern),
    };
    const found = await evaluate(outputs, { feeds: feeds(() => {}), threads: 2, fixed: new Map() });
    expectSameBits("output", found.part, found.whole);
    const all = AttentionPattern.made(null);
    expect(() => all.withEmptyKeys(1)).toThrow(
      "expected a pattern that hides keys, got one in which every query reads",
    );
  });

  it("needs a number of query heads that is a multiple of that of key heads", () => {
    const odd = input("odd", "b q a f", [b, q, 3, f], "float32");
    expect(() => attend(odd, keys, values, pattern)).toThrow(
      'split: expected sizes of "g r" with the product 3, got [2, 1.5]',
    );
  });
});
