import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { identity, isSettled, lot, type Mutant, type MutantRecord, readLedger, writeRecord } from "./ledger.ts";

const mutant: Mutant = {
  path: "src/flow/time.ts",
  line: 22,
  column: 10,
  mutator: "ConditionalExpression",
  code: 'return kind === "continuous" ? a : b;',
  before: 'kind === "continuous"',
  after: "true",
};
const record: MutantRecord = { mutant, fate: "Survived", by: "", source: "s1", tests: "t1" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "armature-ledger-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("what is written is read again, in its order, without the half line of a run that was stopped", () => {
  const file = join(folder, "new", "results.jsonl");
  expect(readLedger(file)).toEqual([]);
  const killed: MutantRecord = { ...record, fate: "Killed", by: "times of the flow" };
  writeRecord(file, record);
  writeRecord(file, killed);
  appendFileSync(file, '{"mutant":{"path":"src/fl');
  expect(readLedger(file)).toEqual([record, killed]);
});

it.each([
  ["Killed", "s1", "t1", true],
  // A test that is added takes no other away.
  ["Killed", "s1", "t2", true],
  ["Timeout", "s1", "t2", true],
  ["Killed", "s2", "t1", false],
  ["Survived", "s1", "t1", true],
  ["Survived", "s1", "t2", false],
  ["NoCoverage", "s1", "t2", false],
  ["RuntimeError", "s1", "t2", false],
] as const)("%s under sources %s and tests %s holds: %s", (fate, source, tests, holds) => {
  expect(isSettled({ ...record, fate }, { source, tests })).toBe(holds);
});

it("a share of the lots is that share of many mutants, the same for a seed and others for the next", () => {
  const many = Array.from({ length: 4000 }, (_, line) => ({ ...mutant, line }));
  const drawn = (seed: number) => many.filter((one) => lot(one, seed) < 0.25).length;
  // A quarter of 4,000 is 1,000, with a standard deviation of √(4000 · ¼ · ¾) = 27.
  expect(Math.abs(drawn(1) - 1000)).toBeLessThan(4 * 27);
  expect(drawn(1)).toBe(drawn(1));
  const both = many.filter((one) => lot(one, 1) < 0.25 && lot(one, 2) < 0.25).length;
  // A sixteenth of 4,000 where the draws know nothing of each other, ± 4 · 15.
  expect(Math.abs(both - 250)).toBeLessThan(60);
});

it("an expression and its first part, which begin at one place and both become false, are two mutants", () => {
  const [whole, part] = ["a || b", "a"].map((before) => ({ ...mutant, before, after: "false" }));
  expect(identity(whole!)).not.toBe(identity(part!));
});
