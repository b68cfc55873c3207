import { describe, expect, it } from "vitest";
import { Validity } from "../../validity/validity.ts";
import { HostArray } from "../host-array.ts";
import { expectOtherBits, expectSameBits } from "./bits.ts";

const weight = (...cells: number[]) => new HostArray("e", [cells.length], "float32", Float32Array.from(cells));

describe("the same bits", () => {
  it("tell −0 from 0 and know NaN", () => {
    expectSameBits("velocity", [Number.NaN, 1], [Number.NaN, 1]);
    expect(() => expectSameBits("velocity", [-0], [0])).toThrow(
      "velocity: expected the same bits, got -0 for 0 at cell 0; 1 of 1 cells differ",
    );
    expect(() => expectSameBits("velocity", [1, 2], [1])).toThrow("velocity: expected 1 cells, got 2");
  });

  it("are asked of every array of weights; the first that differs is named, with its cell and both values", () => {
    const weights = (...bias: number[]) =>
      new Map([
        ["gate", weight(1)],
        ["bias", weight(...bias)],
      ]);
    expectSameBits("weights", weights(1, 2, 3), weights(1, 2, 3));
    expect(() => expectSameBits("weights", weights(1, 2.5, 7), weights(1, 2, 3))).toThrow(
      /^weights, bias\.cells: expected the same bits, got 2\.5 for 2 at cell 1; 2 of 3 cells differ$/,
    );
    expect(() => expectSameBits("weights", new Map([["gate", weight(1)]]), weights(1))).toThrow(
      "weights, bias.axes: expected, not there; 3 other arrays or values differ as well",
    );
  });

  it("look into what only encodes itself: a validity hides its bits from other comparisons", () => {
    const fact = (...bits: number[]) => Validity.of("b", [bits.length], Uint8Array.from(bits));
    expectSameBits("facts", { rowReal: fact(1, 0) }, { rowReal: fact(1, 0) });
    expect(() => expectSameBits("facts", { rowReal: fact(1, 1) }, { rowReal: fact(1, 0) })).toThrow(
      "facts, rowReal.bits: expected the same bits, got 1 for 0 at cell 1",
    );
  });

  it("are told in a few words however much differs, and of a text what differs in it", () => {
    const million = new Float32Array(1e6);
    for (const [actual, expected] of [
      [million.map((_, at) => at), million],
      ["x".repeat(1e6), `${"x".repeat(5e5)}y`],
      [{ a: million }, { b: million }],
    ])
      expect(() => expectSameBits("file", actual, expected)).toThrow(/^.{1,200}$/);
    expect(() => expectSameBits("events", ["step 1, loss 2.25"], ["step 1, loss 2.5"])).toThrow(
      'events, 0: expected "step 1, loss 2.5", got "step 1, loss 2.25"',
    );
  });
});

it("other bits differ somewhere", () => {
  expectOtherBits("noise", { a: [1, 2] }, { a: [1, 3] });
  expect(() => expectOtherBits("noise", { a: [1, 2] }, { a: [1, 2] })).toThrow(
    "noise: expected values that differ in a bit, got the same in each of their cells",
  );
});
