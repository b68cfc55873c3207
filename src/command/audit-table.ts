import { type Law, laws } from "../audit/law.ts";
import { type AuditColumn, type AuditReport, type AuditRow, columns, type Verdict } from "../audit/report.ts";
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
    ...[...columns, "hint"].map((title) => ({ title, align: "left" }) as const),
  ] as const;
  const lines = report.rows.map((row) => [
    row.padding,
    String(row.cells),
    ...columns.map((column) => shown(row[column])),
    shown(row.hint),
  ]);
  const found = [`laws: ${laws.map((law) => `${law} ${report.laws[law] === "clean" ? "✓" : "✗"}`).join("  ")}`];
  found.push(...report.rows.flatMap(leaksOf), ...laws.flatMap((law) => leakOfLaw(law, report.laws[law])));
  return [table(titles, lines), "", ...found, "", conclusion(report, broken)].join("\n");
}

function conclusion({ clean, laws: law }: AuditReport, broken: Rule | null): string {
  if (broken !== null) return clean ? `Nothing leaks without ${broken}.` : `The audit finds that ${broken} is off.`;
  if (clean) return "No cell that does not exist changes anything, and what exists is no hint.";
  const found = laws.flatMap((each) => (law[each] === "clean" ? [] : [{ law: each, ...law[each] }]));
  const says = {
    "Padding leaks.": found.some((one) => !one.isServed && one.law !== "horizon"),
    "What exists is a hint.": found.some((one) => !one.isServed && one.law === "horizon"),
    "Robots are served something else than what was validated.": found.some((one) => one.isServed),
  };
  return Object.entries(says)
    .flatMap(([text, isTrue]) => (isTrue ? [text] : []))
    .join(" ");
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

/** What is no cell that does not exist: rows that are dealt or ordered otherwise, steps behind those that exist. */
function leakOfLaw(law: Law, verdict: Verdict): string[] {
  if (verdict === "clean" || law === "poison" || law === "padding") return [];
  if (verdict.isServed)
    return [
      `✗ a robot that is served gets other actions than validation samples of its frame, or than beside other robots: they differ by ${amount(verdict.leak)}, from ${verdict.where} on`,
    ];
  if (law === "horizon")
    return [
      `✗ steps are told whether later ones exist, which no robot that acts knows: results change by ${amount(verdict.leak)}, from ${verdict.where} on`,
    ];
  return [`✗ ${law} of rows changes results by ${amount(verdict.leak)}: it enters at ${verdict.where}`];
}

function listed(names: readonly AuditColumn[]): string {
  const [last, ...rest] = names.toReversed();
  return rest.length === 0 ? `${last}` : `${rest.toReversed().join(", ")} and ${last}`;
}

function shown(cell: Verdict | "absent" | "known"): string {
  return typeof cell === "string" ? cell : `✗ ${amount(cell.leak)}`;
}

function amount(leak: number): string {
  return leak === Number.MAX_VALUE ? "no number" : significant(leak);
}
