import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "./padded.ts";
import { Validity } from "./validity.ts";

const values = new HostArray("b t d", [1, 2, 2], "float32", Float32Array.of(1, 2, 3, 4));
const whole = Validity.complete("b t d", [1, 2, 2]);
const steps = Validity.of("b t", [1, 2], Uint8Array.of(1, 0));

describe("a padded array", () => {
  it("hands out values and validity together", () => {
    const sum = Padded.of(values, steps).read(({ cells }, valid) =>
      cells.reduce((total, cell, at) => total + (valid.isReal(Math.floor(at / 2)) ? cell : 0), 0),
    );
    expect(sum).toBe(3);
  });

  it("refuses a validity of another size", () => {
    expect(() => Padded.of(values, Validity.complete("b t", [1, 3]))).toThrow(
      "values are [b=1 t=2 d=2], validity is [b=1 t=3]",
    );
  });

  it("is the same after the border between workers, and no other form's", () => {
    const padded = Padded.of(values, steps);
    const form = { axes: "b t d", type: "float32", realBy: "b t" } as const;
    expect(Padded.decode(form, structuredClone(padded.encode())).encode()).toEqual(padded.encode());
    const decode = (axes: "b t d" | "b t s", type: "float32" | "int32", realBy: "b t" | "b") => () =>
      Padded.decode({ axes, type, realBy }, padded.encode());
    expect(decode("b t s", "float32", "b t")).toThrow("expected float32 [b t s], got padded float32 [b t d]");
    expect(decode("b t d", "int32", "b t")).toThrow("expected int32 [b t d], got padded float32 [b t d]");
    expect(decode("b t d", "float32", "b")).toThrow('expected an encoded validity of "b", got validity of "b t"');
  });

  it("keeps its axes and its type when values and validity change", () => {
    const padded = Padded.of(values, steps).changed(({ axes, shape, type, cells }, valid) => [
      new HostArray(
        axes,
        shape,
        type,
        cells.map((cell) => 10 * cell),
      ),
      Validity.complete(valid.axes, valid.shape),
    ]);
    expect(padded.read(({ cells }, { count }) => [...cells, count])).toEqual([10, 20, 30, 40, 2]);
    const longer = () => padded.changed((own, valid) => [own, Validity.complete(valid.axes, [1, 3])]);
    expect(longer).toThrow("values are [b=1 t=2 d=2], validity is [b=1 t=3]");
  });

  it("shows no value where it is printed, spread or cloned", () => {
    const padded = Padded.of(values, steps);
    expect(JSON.stringify(padded)).not.toContain("[1,2,3,4]");
    expect(Object.values({ ...padded })).toEqual([steps]);
  });

  it("cannot be misused at compile time", () => {
    const mustNotCompile = () => {
      // @ts-expect-error a token validity does not fit actions
      Padded.of(values, Validity.complete("b n", [1, 4]));
      // @ts-expect-error nor does one with the same axes in another order
      Padded.of(values, Validity.complete("b d t", [1, 2, 2]));
      // @ts-expect-error the validity cannot be left out
      Padded.of(values);
      // @ts-expect-error a boolean array is not a validity
      Padded.of(values, [true, true, false, false]);
      // @ts-expect-error the numbers cannot be reached around the validity
      Padded.of(values, whole).cells;
      // @ts-expect-error an array that is real by step is not one that is real by cell
      const byCell: Padded<"b t d"> = Padded.of(values, steps);
      // @ts-expect-error a change keeps the axes
      Padded.of(values, steps).changed((own) => [own, whole]);
      // @ts-expect-error a bare array is not a padded one
      const bare: Padded<"b t d"> = values;
      return [byCell, bare];
    };
    expect(mustNotCompile).toBeTypeOf("function");
  });
});
