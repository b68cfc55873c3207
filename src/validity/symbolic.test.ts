import { describe, expect, it } from "vitest";
import { input } from "../graph/array.ts";
import { gradient } from "../graph/gradient.ts";
import { type DataType, HostArray } from "../graph/host-array.ts";
import { sum } from "../graph/op/align.ts";
import { multiply, square } from "../graph/op/elementwise.ts";
import { Program } from "../graph/program.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { SymbolicPadded, SymbolicValidity } from "./symbolic.ts";
import { Validity } from "./validity.ts";

const steps = SymbolicValidity.input("steps", "b t", [1, 2]);
const dofs = SymbolicValidity.input("dofs", "b d", [1, 2]);
const cells = SymbolicValidity.every("b t d", [1, 2, 2], [steps, dofs]);
const x = input("x", "b t d", [1, 2, 2], "float32");
const weight = input("weight", "b t d", [1, 2, 2], "float32");

async function run(read: "door" | "product") {
  const real = read === "door" ? SymbolicPadded.of(x, cells).selected(0) : x;
  const loss = sum(square(multiply(weight, real)), "");
  const [slope] = gradient(loss, [weight]);
  const program = await Program.compile({ loss, slope: slope! }, { device: "cpu", threads: 1, fixed: new Map() });
  const out = { loss: new Float32Array(1), slope: new Float32Array(4) };
  const bits = (name: string, axes: string): [string, HostArray<string, DataType>] => [
    name,
    new HostArray(axes, [1, 2], "bool", Uint8Array.of(1, 0)),
  ];
  const floats = (name: string, axes: string, cells: Float32Array): [string, HostArray<string, DataType>] => [
    name,
    new HostArray(axes, axes === "" ? [] : [1, 2, 2], "float32", cells),
  ];
  await program.run(
    new Map([
      floats("x", "b t d", Float32Array.of(1, Number.NaN, Number.NaN, Number.NaN)),
      floats("weight", "b t d", Float32Array.of(2, 3, 4, 5)),
      ...(read === "door" ? [bits("steps", "b t"), bits("dofs", "b d")] : []),
    ]),
    new Map([floats("loss", "", out.loss), floats("slope", "b t d", out.slope)]),
  );
  program.release();
  return out;
}

describe("a padded array inside a program", () => {
  it("lets NaN in unreal cells reach neither a loss nor a gradient", async () => {
    const { loss, slope } = await run("door");
    expect(loss[0]).toBe(4);
    expect([...slope]).toEqual([4, 0, 0, 0]);
  });

  it("would let it through without its door", async () => {
    const { loss, slope } = await run("product");
    expect(loss[0]).toBeNaN();
    expect(slope[1]).toBeNaN();
  });

  it("joins facts: every part, or some part, says that a cell exists", async () => {
    const fixed = SymbolicValidity.fixed(Validity.of("d", [2], Uint8Array.of(0, 1)));
    const some = SymbolicValidity.some(
      "b d",
      [1, 2],
      [SymbolicValidity.fixed(Validity.of("b", [1], Uint8Array.of(0))), fixed],
    );
    const every = SymbolicValidity.every("b d", [1, 2], [SymbolicValidity.complete("b", [1]), fixed]);
    const found = await evaluate({ some: some.isReal, every: every.isReal }, plainly);
    expect([...found.some, ...found.every]).toEqual([0, 1, 0, 1]);
    const all = SymbolicValidity.some("b d", [1, 2], [SymbolicValidity.complete("b", [1]), fixed]);
    expect([...(await evaluate({ all: all.isReal }, plainly)).all]).toEqual([1, 1]);
    expect(() => SymbolicValidity.some("b d", [1, 2], [])).toThrow('expected parts of "b d", got none');
  });

  it("refuses a validity of another size", () => {
    const other = SymbolicValidity.complete("b t", [1, 3]);
    expect(() => SymbolicPadded.of(x, other)).toThrow("values are [b=1 t=2 d=2], validity is [b=1 t=3]");
  });

  it("cannot be misused at compile time", () => {
    const mustNotCompile = () => {
      // @ts-expect-error the axes stand in another order
      SymbolicPadded.of(x, SymbolicValidity.complete("t b", [2, 1]));
      // @ts-expect-error a symbolic array of booleans is not a validity
      SymbolicPadded.of(x, input("mask", "b t", [1, 2], "bool"));
      // @ts-expect-error the values cannot be used around the door
      square(SymbolicPadded.of(x, cells));
      // @ts-expect-error a part has an axis that the whole lacks
      SymbolicValidity.every("b t", [1, 2], [steps, dofs]);
    };
    expect(mustNotCompile).toBeTypeOf("function");
  });
});
