import { openMixture } from "../mixture/mixture.ts";
import { mixtureOf } from "../training/recipe.ts";
import type { OpenStepAudit } from "../training/step-audit.ts";
import { Audit } from "./audit.ts";
import { type AuditReport, columns } from "./report.ts";

/**
 * The audit that runs inside training: every law, on one micro-batch of training samples and one of held-out ones.
 *
 * @param cache folder for what has been measured
 */
export function stepAuditor(cache: string): OpenStepAudit {
  return async (plan) => {
    const open = await openMixture(mixtureOf(plan.recipe));
    try {
      const audit = await Audit.open(plan, open, { batches: 1, cache });
      return {
        leaks: async (weights) => leaksOf(await audit.run(weights, () => {})),
        close: () => audit.close(),
      };
    } finally {
      await open.close();
    }
  };
}

function leaksOf({ rows, laws }: AuditReport): string[] {
  const found = rows.flatMap((row) =>
    columns.flatMap((column) => {
      const cell = row[column];
      return typeof cell === "object" ? [`${row.padding} reach ${column} at ${cell.where}`] : [];
    }),
  );
  const broken = [laws.split, laws.order, laws.horizon].flatMap((verdict) =>
    verdict === "clean" ? [] : [verdict.where],
  );
  return [...found, ...broken];
}
