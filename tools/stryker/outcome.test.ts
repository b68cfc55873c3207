import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../src/command/root.ts";
import { equivalents } from "./equivalent.ts";
import type { MutantRecord } from "./ledger.ts";
import { latest, outcomeOf, scoreOf } from "./outcome.ts";

function fate(line: number, is: MutantRecord["fate"]): MutantRecord {
  const mutant = { path: "src/a/a.ts", line, column: 1, mutator: "M", code: "a", before: "a", after: "b" };
  return { mutant, fate: is, by: "", source: "s", tests: "t" };
}

const { path, code, before, after } = equivalents[0]!;
const excused: MutantRecord = {
  ...fate(9, "Survived"),
  mutant: { path, code, before, after, line: 9, column: 1, mutator: "M" },
};

it("the score is the share that is noticed, in time or not, of all that tests can speak for", () => {
  const records = [
    ...[1, 2, 3, 4].map((line) => fate(line, "Killed")),
    fate(5, "Timeout"),
    fate(6, "Survived"),
    fate(7, "NoCoverage"),
    fate(8, "RuntimeError"),
    excused,
  ];
  expect(scoreOf("a", records)).toEqual({
    folder: "a",
    killed: 4,
    timedOut: 1,
    survived: 1,
    notCovered: 1,
    equivalent: 1,
    notRunning: 1,
    score: (100 * 5) / 7,
  });
  expect(scoreOf("a", []).score).toBeNull();
});

it("a mutant that was tried again counts once, as it was last", () => {
  expect(latest([fate(1, "Survived"), fate(2, "Killed"), fate(1, "Killed")]).map((record) => record.fate)).toEqual([
    "Killed",
    "Killed",
  ]);
});

it("one folder below the least score fails the call, and the survivors stand above the table", () => {
  const good = Array.from({ length: 23 }, (_, at) => fate(at, "Killed"));
  // 23 of 25 is 92 %, 23 of 26 less.
  const just = [...good, fate(24, "Survived"), fate(25, "Survived")];
  expect(outcomeOf(new Map([["a", just]])).status).toBe(0);
  const less = outcomeOf(
    new Map([
      ["a", just],
      ["b", [...just, fate(26, "NoCoverage")]],
    ]),
  );
  expect(less.status).toBe(1);
  expect(less.text.split("\n")[0]).toBe("src/a/a.ts:24:1 survived: a → b");
  expect(less.text).toContain("src/a/a.ts:26:1 not covered: a → b");
});

it("every entry of the list names a line that is still there", () => {
  for (const { path, code } of equivalents) {
    const lines = readFileSync(join(root, path), "utf8").split("\n");
    expect(
      lines.some((line) => line.trim() === code),
      `${path}: ${code}`,
    ).toBe(true);
  }
});
