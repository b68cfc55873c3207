import type { Rule } from "../validity/rules.ts";
import { type Law, laws } from "./law.ts";
import { type AuditColumn, type AuditReport, type AuditRow, columns, leakSize, type Verdict } from "./verdict.ts";

/**
 * What an audit shows, in a sentence or two.
 *
 * @param broken the rule that was switched off
 */
export function conclusionOf({ clean, laws: law }: AuditReport, broken: Rule | null): string {
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

/** Each leak with where it enters: kinds of padding first, then the laws that speak of no cell. */
export function leaksSaid(report: AuditReport): string[] {
  return [...report.rows.flatMap(leaksOf), ...laws.flatMap((law) => leakOfLaw(law, report.laws[law]))];
}

/** What a kind of padding reaches, by the place where it enters. */
function leaksOf(row: AuditRow): string[] {
  const reached = columns.flatMap((column) => {
    const cell = row[column];
    return typeof cell === "object" ? [{ column, where: cell.where }] : [];
  });
  return [...Map.groupBy(reached, ({ where }) => where)].map(
    ([where, some]) => `${row.padding} reach ${listed(some.map(({ column }) => column))}: they enter at ${where}`,
  );
}

/** What is no cell that does not exist: rows that are dealt or ordered otherwise, steps behind those that exist. */
function leakOfLaw(law: Law, verdict: Verdict): string[] {
  if (verdict === "clean" || law === "poison" || law === "padding") return [];
  if (verdict.isServed)
    return [
      `a robot that is served gets other actions than validation samples of its frame, or than beside other robots: they differ by ${leakSize(verdict.leak)}, from ${verdict.where} on`,
    ];
  if (law === "horizon")
    return [
      `steps are told whether later ones exist, which no robot that acts knows: results change by ${leakSize(verdict.leak)}, from ${verdict.where} on`,
    ];
  return [`${law} of rows changes results by ${leakSize(verdict.leak)}: it enters at ${verdict.where}`];
}

function listed(names: readonly AuditColumn[]): string {
  const [last, ...rest] = names.toReversed();
  return rest.length === 0 ? `${last}` : `${rest.toReversed().join(", ")} and ${last}`;
}
