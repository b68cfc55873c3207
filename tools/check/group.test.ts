import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withSyntax } from "../syntax.ts";
import { groupedProperties } from "./group.ts";

const lines = [
  "const [a, b, list] = [1, 2, [3]];",
  "const one = { ...{ a, b }, list };",
  "const two = { list, ...({ a } as const) };",
  "const three = { deep: { ...{ a } satisfies object } };",
  "const text = `$" + "{JSON.stringify({ ...{ a } })}`;",
  "const spread = { ...one, ...two };",
  "const called = { ...Object.freeze({ a }), ...made({ b }) };",
  "const chosen = { ...(a === 1 ? { b } : {}), ...(one ?? { a }) };",
  "const indexed = { ...{ a: one }.a };",
  "const words = '...{ a }'; // { ...{ a } }",
  "const array = [...list, { a }];",
  "function made({ b, ...rest }: { b: number }) { return [b, rest]; }",
  "const rest = (...{ length }: number[]) => length;",
];

let project = "";
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "armature-groups-"));
  const compilerOptions = { module: "NodeNext", noEmit: true, types: [] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  writeFileSync(join(project, "groups.ts"), lines.join("\n"));
});
afterAll(() => rmSync(project, { recursive: true }));

it("finds literals that are spread into literals, and takes no variable, call, choice, text or rest for one", () => {
  const found = withSyntax(project, "all", groupedProperties);
  expect(found.map(({ path, line }) => `${path}:${line}`)).toEqual([2, 3, 4, 5].map((line) => `groups.ts:${line}`));
});
