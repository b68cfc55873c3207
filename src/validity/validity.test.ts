import { describe, expect, it } from "vitest";
import { Validity } from "./validity.ts";

const steps = Validity.of("b t", [2, 3], Uint8Array.of(1, 1, 0, 1, 0, 0));
const dofs = Validity.of("b d", [2, 2], Uint8Array.of(1, 0, 1, 1));

describe("a validity", () => {
  it("is real where every part says so, each repeated along the axes it lacks", () => {
    const cells = Validity.every("b t d", [steps, dofs]);
    expect(cells.shape).toEqual([2, 3, 2]);
    expect([...cells.bits]).toEqual([1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect(cells.count).toBe(4);
  });

  it("repeats a part along axes before, between and behind its own", () => {
    const rows = Validity.of("b", [2], Uint8Array.of(0, 1));
    const views = Validity.of("v", [2], Uint8Array.of(1, 0));
    const times = Validity.complete("o", [2]);
    expect([...Validity.every("b o v", [rows, times, views]).bits]).toEqual([0, 0, 0, 0, 1, 0, 1, 0]);
  });

  it("is real where one part says so, each repeated along the axes it lacks", () => {
    const cells = Validity.some("b t d", [steps, dofs]);
    expect(cells.shape).toEqual([2, 3, 2]);
    expect([...cells.bits]).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]);
  });

  it("keeps its own copy of the bits", () => {
    const bits = Uint8Array.of(1, 0);
    const valid = Validity.of("n", [2], bits);
    bits[1] = 1;
    valid.bits[0] = 0;
    valid.toArray().cells[0] = 0;
    expect([...valid.bits]).toEqual([1, 0]);
  });

  it("refuses bits that do not fit, or are neither 0 nor 1", () => {
    expect(() => Validity.of("b t", [2, 3], new Uint8Array(5))).toThrow("[b=2 t=3] has 6 cells, got 5 bits");
    expect(() => Validity.of("n", [2], Uint8Array.of(1, 255))).toThrow("got 255 at cell 1");
  });

  it("refuses parts that disagree about a size, and an axis that no part has", () => {
    const other = Validity.complete("b d", [3, 2]);
    expect(() => Validity.every("b t d", [steps, other])).toThrow('disagree about "b": 2, 3');
    expect(() => Validity.every("b t d", [steps])).toThrow('no part of "b t d" has the axis "d"');
  });

  it("survives the border between workers", () => {
    const cloned = structuredClone(steps.encode());
    const decoded = Validity.decode("b t", cloned);
    expect([...decoded.bits]).toEqual([...steps.bits]);
    expect(decoded.shape).toEqual(steps.shape);
  });

  it("is not taken for one of other axes at the border, nor is anything that lost its mask", () => {
    expect(() => Validity.decode("b d", steps.encode())).toThrow('expected an encoded validity of "b d"');
    const lost = JSON.parse(JSON.stringify(steps));
    expect(() => Validity.decode("b t", lost)).toThrow("expected an encoded validity");
  });

  it("is no other validity's at compile time", () => {
    const mustNotCompile = () => {
      // @ts-expect-error the axes stand in another order
      const turned: Validity<"t b"> = steps;
      // @ts-expect-error an axis is missing
      const wider: Validity<"b t d"> = steps;
      // @ts-expect-error a part has an axis that the whole lacks
      Validity.every("b t", [steps, dofs]);
      // @ts-expect-error nor may one of several have it
      Validity.some("b t", [steps, dofs]);
      // @ts-expect-error a boolean array is not a validity
      const booleans: Validity<"b"> = [true, false];
      // @ts-expect-error nobody but `of`, `complete`, `every`, `some` and `decode` makes one
      new Validity("b", [1], Uint8Array.of(1));
      return [turned, wider, booleans];
    };
    expect(mustNotCompile).toBeTypeOf("function");
  });
});
