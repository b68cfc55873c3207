import { expect, it } from "vitest";
import { sharedNames } from "./export-name.ts";
import { findings } from "./source.ts";

const batch = { path: "src/batch/batch.ts", text: "export interface Facts {}\n" };

it.each([
  ["export type Facts = string;"],
  ["export const Facts = 1;"],
  ["export abstract class Facts {}"],
  ["export async function Facts() {}"],
])("finds a name that two files of src/ export, in %j", (line) => {
  const inputs = { path: "src/policy/inputs.ts", text: `const Facts = 1;\n${line}\n` };
  expect(findings(sharedNames([batch, inputs]))).toBe(
    'src/policy/inputs.ts:2: exports "Facts", as src/batch/batch.ts does; give it its own name',
  );
});

it("lets one file give a function several signatures, and other folders and tests their own names", () => {
  const overloads = {
    path: "src/graph/host-array.ts",
    text: "export function allocate(x: string): void;\nexport function allocate(x: number): void;\n",
  };
  const elsewhere = ["bench/a.ts", "tools/a.ts", "src/policy/a.test.ts"].map((path) => ({ ...batch, path }));
  expect(sharedNames([batch, overloads, ...elsewhere])).toEqual([]);
});
