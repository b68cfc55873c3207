import { laws } from "../audit/law.ts";
import { type AuditReport, columns, leakSize, type Verdict } from "../audit/verdict.ts";
import { conclusionOf, leaksSaid } from "../audit/words.ts";
import type { Rule } from "../validity/rules.ts";
import { table } from "./table.ts";

/**
 * Padding by output, then the laws, and for each kind that leaks what it reaches and where it enters.
 *
 * @param broken the rule that was switched off
 */
export function auditTable(report: AuditReport, broken: Rule | null): string {
  const titles = [
    { title: "padding", align: "left" },
    { title: "cells", align: "right" },
    ...[...columns, "hint"].map((title) => ({ title, align: "left" }) as const),
  ] as const;
  const lines = report.rows.map((row) => [
    row.padding,
    String(row.cells),
    ...columns.map((column) => shown(row[column])),
    shown(row.hint),
  ]);
  const found = [`laws: ${laws.map((law) => `${law} ${report.laws[law] === "clean" ? "✓" : "✗"}`).join("  ")}`];
  found.push(...leaksSaid(report).map((leak) => `✗ ${leak}`));
  return [table(titles, lines), "", ...found, "", conclusionOf(report, broken)].join("\n");
}

function shown(cell: Verdict | "absent" | "known"): string {
  return typeof cell === "string" ? cell : `✗ ${leakSize(cell.leak)}`;
}
