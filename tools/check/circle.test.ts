import { expect, it } from "vitest";
import { importCircles } from "./circle.ts";
import { findings } from "./source.ts";

const imports = (...names: readonly string[]) => names.map((name) => `import type { A } from "${name}";\n`).join("");

it("finds a circle of types, through another folder, at the import that closes it", () => {
  const files = [
    { path: "src/graph/array.ts", text: imports("./axes.ts", "./op/rope.ts") },
    { path: "src/graph/axes.ts", text: "" },
    { path: "src/graph/op/rope.ts", text: imports("../axes.ts", "../lowering.ts") },
    { path: "src/graph/lowering.ts", text: imports("./axes.ts", "./array.ts") },
  ];
  expect(findings(importCircles(files))).toBe(
    "src/graph/lowering.ts:2: imports in a circle: " +
      "src/graph/array.ts → src/graph/op/rope.ts → src/graph/lowering.ts → src/graph/array.ts",
  );
});

it("finds two circles that share a file, each once", () => {
  const files = [
    { path: "src/a.ts", text: imports("./b.ts", "./c.ts") },
    { path: "src/b.ts", text: imports("./a.ts") },
    { path: "src/c.ts", text: imports("./a.ts", "./c.ts") },
  ];
  expect(importCircles(files).map(({ path, line }) => `${path}:${line}`)).toEqual([
    "src/b.ts:1",
    "src/c.ts:1",
    "src/c.ts:2",
  ]);
});

it("takes the address of a thread's or a tool's module for no import", () => {
  const files = [
    { path: "src/a.ts", text: 'const worker = new Worker(new URL("./b.ts", import.meta.url));\n' },
    { path: "src/b.ts", text: imports("./a.ts") },
  ];
  expect(importCircles(files)).toEqual([]);
});

it("lets two ways lead to one file", () => {
  const files = [
    { path: "src/a.ts", text: imports("./b.ts", "./c.ts") },
    { path: "src/b.ts", text: imports("./d.ts") },
    { path: "src/c.ts", text: imports("./d.ts") },
    { path: "src/d.ts", text: "" },
  ];
  expect(importCircles(files)).toEqual([]);
});
