import { expect, it } from "vitest";
import { type Finding, reportOf } from "../audit/report.ts";
import { auditTable } from "./audit-table.ts";

const cells = {
  "action-dims": 7,
  "action-steps": 7,
  "state-dims": 7,
  history: 0,
  views: 7,
  "prompt-tokens": 7,
  "response-tokens": 0,
  "metadata-tokens": 0,
  subgoals: 0,
  "action-tokens": 0,
  "robotless-samples": 7,
  "filler-rows": 7,
};
const some = (findings: readonly Finding[]) => reportOf(findings, cells);
const leak = { law: "poison", kind: "views", where: "policy/trunk.ts: layer 0", isServed: false } as const;

it("a clean mixture is said to be so, and what does not occur in it as well", () => {
  const lines = auditTable(some([]), null).split("\n");
  expect(lines[2]).toBe("action-dims            7  clean   clean      clean    clean    known");
  expect(lines[5]).toBe("history                0  absent  absent     absent   absent   known");
  expect(lines.slice(-3)).toEqual([
    "laws: poison ✓  padding ✓  split ✓  order ✓  horizon ✓",
    "",
    "No cell that does not exist changes anything, and what exists is no hint.",
  ]);
});

it("a leak is said with its size, what it reaches and where it enters, and the rule that is off by name", () => {
  const report = some([
    { ...leak, column: "loss", leak: 0.34921 },
    { ...leak, column: "actions", leak: Number.MAX_VALUE },
    { law: "order", kind: null, column: "loss", leak: 2, where: "loss/velocity.ts: loss", isServed: false },
  ]);
  const lines = auditTable(report, "view-keys").split("\n");
  expect(lines[6]).toBe("views                  7  ✗ 0.349  clean      ✗ no number  clean    known");
  expect(lines.slice(-5)).toEqual([
    "laws: poison ✗  padding ✓  split ✓  order ✗  horizon ✓",
    "✗ views reach loss and actions: they enter at policy/trunk.ts: layer 0",
    "✗ order of rows changes results by 2: it enters at loss/velocity.ts: loss",
    "",
    "The audit finds that view-keys is off.",
  ]);
});

it("a hint is no padding that leaks: it has a column and a line of its own", () => {
  const where = "policy/trunk.ts: expert.layer.0.attention";
  const hint = { law: "horizon", kind: "action-steps", leak: 0.5, where, isServed: false } as const;
  const lines = auditTable(
    some([
      { ...hint, column: "loss" },
      { ...hint, column: "actions", leak: 2 },
    ]),
    null,
  ).split("\n");
  expect(lines[3]).toBe("action-steps           7  clean   clean      clean    clean    ✗ 2");
  expect(lines.slice(-4)).toEqual([
    "laws: poison ✓  padding ✓  split ✓  order ✓  horizon ✗",
    `✗ steps are told whether later ones exist, which no robot that acts knows: results change by 2, from ${where} on`,
    "",
    "What exists is a hint.",
  ]);
});

it("a rule whose absence shows nowhere is no proof", () => {
  expect(auditTable(some([]), "statistics")).toMatch(/Nothing leaks without statistics\.$/);
});

it("what robots are served otherwise than validation samples is said of them, and not of steps", () => {
  const where = "batch/observation.ts: state";
  const served = { law: "horizon", kind: null, column: "actions", leak: 0.25, where, isServed: true } as const;
  const text = auditTable(reportOf([served], cells), null);
  expect(text).toContain("✗ a robot that is served gets other actions than validation samples of its frame");
  expect(text).toContain(`they differ by 0.25, from ${where} on`);
  expect(text).not.toContain("told whether later ones exist");
  expect(text.trimEnd().split("\n").at(-1)).toBe("Robots are served something else than what was validated.");
});
