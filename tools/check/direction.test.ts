import { describe, expect, it } from "vitest";
import { strayImports } from "./direction.ts";

function stray(path: string, ...lines: string[]): string[] {
  return strayImports([{ path, text: lines.join("\n") }]).map(({ line, message }) => `${line}: ${message}`);
}

describe("strayImports", () => {
  it("lets a folder import those before it, graph/, validity/, itself and files that stand in src/", () => {
    const lines = [
      'import { HostArray } from "../graph/host-array.ts";',
      'import type { Episode } from "../dataset/dataset.ts";',
      'import { head } from "./head.ts";',
      'import { InputError } from "../input-error.ts";',
      'import { basename } from "node:path";',
    ];
    expect(stray("src/mixture/mixture.ts", ...lines)).toEqual([]);
    expect(stray("src/graph/array.ts", 'import { Validity } from "../validity/validity.ts";')).toEqual([]);
  });

  it.each([
    ['import { step } from "../training/step.ts";'],
    ['import type { Step } from "../training/step.ts";'],
    ['import "../training/step.ts";'],
    ['export { step } from "../training/step.ts";'],
    ['export * from "../training/step.ts";'],
    ['const { step } = await import("../training/step.ts");'],
    ['type Step = import("../training/step.ts").Step;'],
    ['const worker = new Worker(new URL("../training/step.ts", import.meta.url));'],
    ['const worker = new Worker(moduleUrl("../training/step.ts", import.meta.url));'],
    ['import {\n  a,\n  step,\n} from "../training/step.ts";'],
  ])("finds a later folder in %j", (statement) => {
    expect(stray("src/nn/linear.ts", 'import { a } from "../graph/axes.ts";', statement)).toEqual([
      "2: imports training/, which does not stand before it in the order of folders",
    ]);
  });

  it("lets nothing import the barrel or leave src/", () => {
    const message = "expected a file below src/ that is not its barrel";
    expect(stray("src/nn/linear.ts", 'import { a } from "../index.ts";')).toEqual([
      `1: imports src/index.ts; ${message}`,
    ]);
    const address = 'const names = moduleUrl("../index.ts", import.meta.url);';
    expect(stray("src/training/run.ts", address)).toEqual([`1: imports src/index.ts; ${message}`]);
    expect(stray("src/recipe/module.ts", address)).toEqual([]);
    expect(stray("src/nn/linear.ts", 'import { a } from "../../recipes/a.ts";')).toEqual([
      `1: imports recipes/a.ts; ${message}`,
    ]);
  });

  it("lets a file that stands in src/ import no folder, but the barrel all of them", () => {
    const statement = 'export { a } from "./graph/axes.ts";';
    expect(stray("src/input-error.ts", statement)).toHaveLength(1);
    expect(stray("src/index.ts", statement)).toEqual([]);
  });

  it("keeps a package in its rooms", () => {
    expect(stray("src/nn/linear.ts", 'import koffi from "koffi";')).toEqual([
      "1: imports koffi, which only graph/ and ranks/ may name",
    ]);
    expect(stray("src/ranks/world.ts", 'import koffi from "koffi";')).toEqual([]);
    const runtime = "onnxruntime-node/package.json";
    const statement = `const path = require.resolve("${runtime}");`;
    expect(stray("src/graph/program.ts", statement)).toEqual([]);
    expect(stray("src/policy/policy.ts", statement)).toEqual([`1: imports ${runtime}, which only graph/ may name`]);
  });

  it("keeps client/ to itself and to what a browser has", () => {
    expect(stray("client/a.ts", 'import { b } from "./b.ts";', 'import { Packr } from "msgpackr";')).toEqual([]);
    expect(
      stray("client/a.ts", 'import { a } from "../src/graph/axes.ts";', 'import { join } from "node:path";'),
    ).toEqual([
      "1: imports src/graph/axes.ts; expected a file of client/, or src/input-error.ts",
      "2: imports node:path; expected what a browser has, and msgpackr",
    ]);
    expect(stray("src/serving/a.ts", 'import { a } from "../../client/a.ts";')).toEqual([]);
    expect(stray("src/policy/a.ts", 'import { a } from "../../client/a.ts";')).toHaveLength(1);
    expect(stray("src/serving/a.ts", 'import { Packr } from "msgpackr";')).toEqual([
      "1: imports msgpackr, which only client/ may name",
    ]);
  });

  it("wants every folder to stand in the order", () => {
    expect(stray("src/utils/a.ts", 'import { a } from "../graph/axes.ts";')).toEqual([
      "1: src/utils/ is not in the order of folders, which tools/check/direction.ts lists",
    ]);
  });

  it("lets the command of a tool load this tool, and nothing else of src/ any", () => {
    const statement = 'const tool = await loadTool<CheckRequest>("../../tools/check/run.ts", "check");';
    const message = "1: imports tools/check/run.ts; expected a file below src/ that is not its barrel";
    expect(stray("src/command/check.ts", statement)).toEqual([]);
    expect(stray("src/command/mutate.ts", statement)).toEqual([message]);
    expect(stray("src/command/train.ts", 'import { run } from "../../tools/check/run.ts";')).toEqual([message]);
  });

  it("lets benches and tools import the product, and recipes neither of them", () => {
    const statement = 'import { table } from "../src/command/table.ts";';
    expect([stray("bench/a.ts", statement), stray("tools/a.ts", statement)]).toEqual([[], []]);
    expect(stray("recipes/demo.ts", 'import { median } from "../bench/turns.ts";')).toEqual([
      "1: imports bench/turns.ts, which only developers have",
    ]);
  });

  it("lets recipes and tests outside of src/ import anything", () => {
    expect(stray("recipes/real-mixture.ts", 'import { a } from "../src/training/step.ts";')).toEqual([]);
    expect(stray("test/trap/a.test.ts", 'import koffi from "koffi";')).toEqual([]);
  });
});
