import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { changeLine, weightChangeSaid } from "./serve-weights.ts";

let run: MicroRun;
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 1);
});
afterAll(() => run.remove());

/** What a server says of weights, and what it returns. */
async function said(folder: string, weights: "float32" | "int8", weightSamples: number) {
  const lines: string[] = [];
  const change = await weightChangeSaid(folder, { weights, weightSamples }, (line) => void lines.push(line));
  return { change, lines };
}

it("a server says for each robot what integers change, and nothing where it was not asked", async () => {
  const { change, lines } = await said(run.folder, "int8", 2);
  expect(lines).toEqual(change?.map((robot) => changeLine("int8", robot)));
  expect(lines.length).toBeGreaterThan(1);
  expect(await said(run.folder, "float32", 2)).toEqual({ change: null, lines: [] });
  expect(await said(run.folder, "int8", 0)).toEqual({ change: null, lines: [] });
});

it("says so where held-out samples are not there", async () => {
  const { change, lines } = await said(join(run.folder, "nowhere"), "int8", 2);
  expect(change).toBe(null);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("weights as int8: what that changes of actions is not known");
  expect(lines[0]).toContain("nowhere");
});

it("a line has standard deviations, or says that nothing moves", () => {
  const robot = { dataset: "cr5", controlMode: "joint", samples: 32 };
  expect(changeLine("int8", { ...robot, change: 0.01234, ownError: 0.5, otherError: 0.50123 })).toBe(
    "weights as int8: actions of cr5 / joint move by 0.0123 standard deviations on 32 held-out samples, and their error goes from 0.5 to 0.501",
  );
  expect(changeLine("int8", { ...robot, change: null, ownError: null, otherError: null })).toBe(
    "weights as int8: nothing of cr5 / joint moves in its 32 held-out samples",
  );
});
