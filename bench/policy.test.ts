import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { agreement } from "./policy-bench.ts";
import { startContestant } from "./policy-contestant.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a contestant tells what each turn computed and took, and the largest memory of all of them", async () => {
  const python = join(folder, "speaks");
  const facts =
    '\\"processorMs\\": 1$turn, \\"peakMib\\": $((9 - turn)), \\"workingMib\\": $turn, \\"computed\\": [$turn, 0.5]';
  const lines = `echo "{\\"ready\\": true, \\"torch\\": \\"$*\\", \\"computed\\": [7, 8]}"; turn=0
    while read word; do turn=$((turn + 1)); echo "{\\"ms\\": $turn.5, ${facts}}"; done`;
  writeFileSync(python, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  const contestant = await startContestant({ python, task: "step", folder: "/weights", threads: 1 });
  expect(contestant.torch).toMatch(/bench\/lerobot_policy\.py step \/weights --threads 1$/);
  expect([await contestant.repeat(), await contestant.repeat(), await contestant.repeat()]).toEqual([1.5, 2.5, 3.5]);
  expect(contestant.processorMs).toEqual([11, 12, 13]);
  expect([contestant.peakMib, contestant.workingMib]).toEqual([8, 2]);
  expect(contestant.computed).toEqual([
    [7, 8],
    [1, 0.5],
    [2, 0.5],
    [3, 0.5],
  ]);
  contestant.end();
});

test("a loss and a norm are each held against their own size, a chunk against its largest cell", () => {
  const steps = (...computed: number[][]) => ({ computed });
  expect(agreement(steps([2.0001, 50]), steps([2, 50]))).toBeCloseTo(5e-5, 8);
  expect(() => agreement(steps([2.001, 50]), steps([2, 50]))).toThrow(
    "expected both sides to agree within 0.0001, got 5.0e-4",
  );
  expect(agreement(steps([0.001, 20, 3]), steps([0, 20, 3]))).toBeCloseTo(5e-5, 8);
  expect(() => agreement(steps([0, Number.NaN, 3]), steps([0, 20, 3]))).toThrow("got Infinity");
});

test("sides that grow apart by rounding, step by step, are compared in their first three", () => {
  const theirs = {
    computed: [
      [1, 1],
      [1, 1],
      [1, 1],
      [1, 1],
    ],
  };
  expect(
    agreement(
      {
        computed: [
          [1, 1],
          [1, 1],
          [1, 1],
          [2, 1],
        ],
      },
      theirs,
    ),
  ).toBe(0);
  expect(() =>
    agreement(
      {
        computed: [
          [1, 1],
          [1, 1],
          [1, 2],
        ],
      },
      theirs,
    ),
  ).toThrow("got 1.0e+0");
});
