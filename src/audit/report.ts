import { gradientPrefix } from "../objective/objective.ts";
import { knownWhenActing, type PaddingKind, paddingKinds } from "./kind.ts";
import type { Law } from "./law.ts";
import { errorPrefixes, outputNames } from "./runner.ts";
import { type AuditColumn, type AuditReport, columns, type FoundLeak, type Verdict } from "./verdict.ts";

/** Something that changed and should not have. */
export type Finding = FoundLeak & {
  readonly law: Law;
  /** `null` where rows were dealt or ordered otherwise. */
  readonly kind: PaddingKind | null;
  readonly column: AuditColumn;
};

/** What was found, as a table. */
export function reportOf(findings: readonly Finding[], cells: Readonly<Record<PaddingKind, number>>): AuditReport {
  const verdict = (isMeant: (finding: Finding) => boolean) => worst(findings.filter(isMeant));
  const byLaw = (law: Law) => verdict((finding) => finding.law === law);
  return {
    clean: findings.length === 0,
    laws: {
      poison: byLaw("poison"),
      padding: byLaw("padding"),
      split: byLaw("split"),
      order: byLaw("order"),
      horizon: byLaw("horizon"),
    },
    rows: paddingKinds.map((padding) => {
      const own = (isMeant: (finding: Finding) => boolean) =>
        cells[padding] === 0 ? "absent" : verdict((finding) => finding.kind === padding && isMeant(finding));
      const cell = (column: AuditColumn) => own((finding) => finding.law !== "horizon" && finding.column === column);
      return {
        padding,
        cells: cells[padding],
        loss: cell("loss"),
        gradients: cell("gradients"),
        actions: cell("actions"),
        metrics: cell("metrics"),
        hint: knownWhenActing[padding] === null ? own(({ law }) => law === "horizon") : "known",
      };
    }),
  };
}

/** Every leak in words, each once; empty where all is clean. */
export function leaksIn({ rows, laws }: AuditReport): string[] {
  const found = rows.flatMap((row) =>
    columns.flatMap((column) => {
      const cell = row[column];
      return typeof cell === "object" ? [`${row.padding} reach ${column} at ${cell.where}`] : [];
    }),
  );
  const broken = (["split", "order", "horizon"] as const).flatMap((law) => {
    const verdict = laws[law];
    return verdict === "clean" ? [] : [`the law "${law}" does not hold: ${verdict.where}`];
  });
  return [...found, ...broken];
}

/** The column of the table that an output belongs to. */
export function columnOf(output: string): AuditColumn {
  if (output === outputNames.loss || output.startsWith(errorPrefixes.weights)) return "loss";
  if (output === outputNames.actions) return "actions";
  return output.startsWith(gradientPrefix) ? "gradients" : "metrics";
}

function worst(findings: readonly Finding[]): Verdict {
  const [first, ...others] = findings;
  if (first === undefined) return "clean";
  const { leak, where, isServed } = others.reduce((most, one) => (one.leak > most.leak ? one : most), first);
  return { leak, where, isServed };
}
