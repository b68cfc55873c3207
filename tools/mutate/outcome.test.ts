import { expect, it } from "vitest";
import type { Guard } from "./guard.ts";
import type { Fate } from "./mutate.ts";
import { outcomeOf } from "./outcome.ts";

const guard: Guard = {
  kind: "rule",
  path: "src/flow/path.ts",
  line: 67,
  start: 10,
  end: 20,
  before: 'rules.keeps("input-side")',
  after: "false",
};
const killed: Fate = { guard, verdict: "killed", by: "src/flow/path.test.ts > NaN stays out", seconds: 2 };
const survived: Fate = { ...killed, guard: { ...guard, line: 70 }, verdict: "survived", by: "12 tests passed" };

it("where a test fails for each guard there is no survivor", () => {
  const { status, json, text } = outcomeOf([killed], 61);
  expect(status).toBe(0);
  expect(json).toEqual({
    clean: true,
    seconds: 61,
    survivors: [],
    guards: [
      {
        kind: "rule",
        path: "src/flow/path.ts",
        line: 67,
        before: 'rules.keeps("input-side")',
        after: "false",
        verdict: "killed",
        by: "src/flow/path.test.ts > NaN stays out",
        seconds: 2,
      },
    ],
  });
  expect(text.split("\n").slice(2)).toEqual([
    'src/flow/path.ts:67  rule  rules.keeps("input-side")  src/flow/path.test.ts > NaN stays out',
    "1 guard in 1:01; survivors: none",
  ]);
});

it("a survivor is named, and so is an edit that says nothing because the code does not run", () => {
  const broken: Fate = { ...killed, verdict: "does not run", by: "ReferenceError: softmax is not defined" };
  const { status, json, text } = outcomeOf([killed, survived, broken], 61);
  expect(status).toBe(1);
  expect(json).toMatchObject({ clean: false, survivors: [{ path: "src/flow/path.ts", line: 70 }] });
  expect(text).toContain("SURVIVED: 12 tests passed");
  expect(text).toContain("Without these nothing runs, so no test speaks for them: src/flow/path.ts:67");
  expect(text).toMatch(/3 guards in 1:01; survivors: src\/flow\/path\.ts:70$/);
  expect(outcomeOf([killed, broken], 1).status).toBe(1);
});
