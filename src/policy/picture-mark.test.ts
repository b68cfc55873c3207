import { describe, expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { bits, evaluate, floats, plainly } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { markedPictures } from "./picture-mark.ts";
import { TokenStream } from "./stream.ts";

const table = constant(floats("float32", "y e", [5, 1], [0, 10, 20, 30, 40]));

/** Two views of two patches, of which the second does not exist: numbers of their tokens, keys and places. */
async function streamWith(ofAbsent: "hidden" | "read", after: readonly number[] = [4]) {
  const patches = constant(floats("float32", "b n e", [1, 4, 1], [1, 2, 3, 4]));
  const real = constant(bits("b n", [1, 4], [1, 1, 0, 0]));
  const valid = SymbolicValidity.complete("b n", [1, 4]).reshaped(() => real);
  const pictures = SymbolicPadded.of(patches, valid);
  const marks = { before: [4, 2], after, ofAbsent };
  const segment = {
    name: "pictures",
    sight: "within",
    ...markedPictures({ pictures, views: 2, table, marks }),
  } as const;
  const stream = TokenStream.of(Scope.root(Rules.all), [segment]);
  const { tokens, pattern, positions } = stream;
  const found = await evaluate({ tokens, mask: pattern.mayRead!, positions, real: stream.real.isReal }, plainly);
  const mask = [...found.mask];
  return {
    tokens: [...found.tokens],
    real: [...found.real].join(""),
    positions: [...found.positions],
    reading: Array.from({ length: 10 }, (_, query) => mask.slice(query * 10, (query + 1) * 10).join("")),
  };
}

describe("tokens around each picture", () => {
  it("are rows of the table as they are, before and behind its patches", async () => {
    const { tokens, real } = await streamWith("hidden");
    expect(tokens).toEqual([40, 20, 1, 2, 40, 40, 20, 3, 4, 40]);
    expect(real).toBe("1111100000");
  });

  it("are read with their picture alone, all of a block", async () => {
    const { reading, positions } = await streamWith("hidden");
    expect(reading).toEqual([...Array(5).fill("1111100000"), ...Array(5).fill("0000000000")]);
    expect(positions).toEqual([0, 1, 2, 3, 4, 4, 4, 4, 4, 4]);
  });

  it("are read, where weights were trained so, without a picture: what comes after stands further on", async () => {
    const { reading, positions, real } = await streamWith("read");
    const row = "1111111001";
    const none = "0000000000";
    expect(reading).toEqual([...Array(7).fill(row), none, none, row]);
    expect(positions).toEqual([0, 1, 2, 3, 4, 5, 6, 6, 6, 7]);
    expect(real).toBe("1111100000");
  });

  it("have to be rows of the table", async () => {
    await expect(streamWith("hidden", [5])).rejects.toThrow("markedPictures: expected marks below 5, got 5");
  });
});
