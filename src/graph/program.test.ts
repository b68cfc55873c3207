import { describe, expect, it } from "vitest";
import { constant, input } from "./array.ts";
import { alignTo, sum } from "./op/align.ts";
import { add, scale } from "./op/elementwise.ts";
import { rename } from "./op/shape.ts";
import { Program } from "./program.ts";
import { evaluate, floats, plainly, runProgram } from "./testing/evaluate.ts";

const x = input("x", "b n", [2, 2], "float32");
const feeds = new Map([["x", floats("float32", "b n", [2, 2], [1, 2, 3, 4])]]);
const options = { device: "cpu", threads: 1, fixed: new Map() } as const;

describe("outputs", () => {
  it("may be an input, a constant, a renamed array and one array under two names", async () => {
    const twice = scale(x, 2);
    const outputs = {
      input: x,
      constant: constant(floats("float32", "n", [1], [7])),
      twice,
      again: twice,
      renamed: rename(twice, "n", "k"),
    };
    const found = await evaluate(outputs, { ...plainly, feeds });
    expect([...found.input]).toEqual([1, 2, 3, 4]);
    expect([...found.constant]).toEqual([7]);
    for (const name of ["twice", "again", "renamed"] as const) expect([...found[name]]).toEqual([2, 4, 6, 8]);
  });

  it("are whole where an array is only repeated", async () => {
    const whole = alignTo(input("row", "n", [2], "float32"), x);
    const found = await evaluate(
      { whole },
      { ...plainly, feeds: new Map([["row", floats("float32", "n", [2], [5, 6])]]) },
    );
    expect([...found.whole]).toEqual([5, 6, 5, 6]);
  });
});

it("an output with the name of an input is refused", async () => {
  await expect(Program.compile({ x: scale(x, 2) }, options)).rejects.toThrow(
    'program output "x": an input has this name already',
  );
});

describe("inputs", () => {
  it("of one name are one input", async () => {
    const program = await Program.compile({ y: add(x, input("x", "b n", [2, 2], "float32")) }, options);
    expect(program.inputs).toEqual([{ name: "x", type: "float32", shape: [2, 2] }]);
    expect([...(await runProgram(program, feeds)).y!]).toEqual([2, 4, 6, 8]);
    program.release();
  });

  it("of one name and two forms are refused", async () => {
    const y = add(sum(x, ""), sum(input("x", "b n", [1, 4], "float32"), ""));
    await expect(Program.compile({ y }, options)).rejects.toThrow(
      'program input "x": declared as float32 [2, 2] and as float32 [1, 4]',
    );
  });

  it("that are fixed are written into the program, and others than the declared ones are refused", async () => {
    const fixed = new Map([["x", floats("float32", "b n", [2, 2], [1, 1, 2, 2])]]);
    const program = await Program.compile({ y: scale(x, 3) }, { ...options, fixed });
    expect(program.inputs).toEqual([]);
    expect([...(await runProgram(program, new Map())).y!]).toEqual([3, 3, 6, 6]);
    program.release();
    const short = new Map([["x", floats("float32", "b n", [1, 2], [1, 1])]]);
    await expect(Program.compile({ y: scale(x, 3) }, { ...options, fixed: short })).rejects.toThrow(
      'program input "x": expected float32 [b=2 n=2], got it fixed as float32 [b=1 n=2]',
    );
  });
});

describe("inputs that stand in memory", () => {
  const w = input("w", "n", [2], "float32");
  const outputs = { sum: add(x, alignTo(w, x)) };
  const standing = new Map([["w", floats("float32", "n", [2], [10, 20])]]);

  it("are constants of the program, which are read where they stand", async () => {
    const program = await Program.compile(outputs, { ...options, standing });
    expect([program.inputs.map(({ name }) => name), [...program.standing.keys()]]).toEqual([["x"], ["w"]]);
    expect([...(await runProgram(program, feeds)).sum!]).toEqual([11, 22, 13, 24]);
    // Nobody may do so: it shows that there is no copy.
    standing.get("w")!.cells[0] = 30;
    expect([...(await runProgram(program, feeds)).sum!]).toEqual([31, 22, 33, 24]);
    program.release();
  });

  it("are those that the program reads, and no others", async () => {
    const more = new Map([...standing, ["other", floats("float32", "n", [1], [1])] as const]);
    const program = await Program.compile({ twice: scale(x, 2) }, { ...options, standing: more });
    expect(program.standing.size).toBe(0);
    expect([...(await runProgram(program, feeds)).twice!]).toEqual([2, 4, 6, 8]);
    program.release();
  });
});
