import { type AuditReport, type AuditRow, columns, type Verdict } from "../audit/report.ts";
import { significant } from "./progress.ts";
import { table } from "./table.ts";

/** Padding by output, then the places where leaks enter and the laws that are broken. */
export function auditTable({ rows, laws, clean }: AuditReport): string {
  const titles = [
    { title: "padding", align: "left" },
    { title: "cells", align: "right" },
    ...columns.map((title) => ({ title, align: "left" }) as const),
  ] as const;
  const lines = rows.map((row) => [row.padding, String(row.cells), ...columns.map((column) => shown(row[column]))]);
  const places = rows.flatMap((row) => leaks(row));
  const broken = Object.entries(laws).flatMap(([law, verdict]) =>
    verdict === "clean" ? [] : [`the law of ${law} is broken: ${shown(verdict)} at ${verdict.where}`],
  );
  const end = clean ? ["No cell that does not exist changes anything."] : [];
  return [table(titles, lines), ...places, ...broken, ...end].join("\n");
}

function leaks(row: AuditRow): string[] {
  const found = columns.map((column) => row[column]).filter((cell) => typeof cell === "object");
  return [...new Set(found.map(({ where }) => where))].map((where) => `${row.padding} leaks at ${where}`);
}

function shown(cell: Verdict | "absent"): string {
  if (typeof cell === "string") return cell;
  return cell.leak === Number.MAX_VALUE ? "no number" : significant(cell.leak);
}
