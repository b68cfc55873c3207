import { type Law, laws } from "../audit/law.ts";
import { type AuditReport, type AuditRow, type Column, columns, type Verdict } from "../audit/report.ts";
import type { Rule } from "../validity/rules.ts";
import { significant } from "./progress.ts";
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
    ...columns.map((title) => ({ title, align: "left" }) as const),
  ] as const;
  const lines = report.rows.map((row) => [
    row.padding,
    String(row.cells),
    ...columns.map((column) => shown(row[column])),
  ]);
  const found = [`laws: ${laws.map((law) => `${law} ${report.laws[law] === "clean" ? "✓" : "✗"}`).join("  ")}`];
  found.push(...report.rows.flatMap(leaksOf), ...laws.flatMap((law) => leakOfRows(law, report.laws[law])));
  return [table(titles, lines), "", ...found, "", conclusion(report, broken)].join("\n");
}

function conclusion({ clean }: AuditReport, broken: Rule | null): string {
  if (clean)
    return broken === null ? "No cell that does not exist changes anything." : `Nothing leaks without ${broken}.`;
  return broken === null ? "Padding leaks." : `The audit finds that ${broken} is off.`;
}

/** What a kind of padding reaches, by the place where it enters. */
function leaksOf(row: AuditRow): string[] {
  const reached = columns.flatMap((column) => {
    const cell = row[column];
    return typeof cell === "object" ? [{ column, where: cell.where }] : [];
  });
  return [...Map.groupBy(reached, ({ where }) => where)].map(
    ([where, some]) => `✗ ${row.padding} reach ${listed(some.map(({ column }) => column))}: they enter at ${where}`,
  );
}

/** Rows that are dealt or ordered otherwise are no kind of padding. */
function leakOfRows(law: Law, verdict: Verdict): string[] {
  if (verdict === "clean" || law === "poison" || law === "padding") return [];
  return [`✗ ${law} of rows changes results by ${amount(verdict.leak)}: it enters at ${verdict.where}`];
}

function listed(names: readonly Column[]): string {
  const [last, ...rest] = names.toReversed();
  return rest.length === 0 ? `${last}` : `${rest.toReversed().join(", ")} and ${last}`;
}

function shown(cell: Verdict | "absent"): string {
  return typeof cell === "string" ? cell : `✗ ${amount(cell.leak)}`;
}

function amount(leak: number): string {
  return leak === Number.MAX_VALUE ? "no number" : significant(leak);
}
