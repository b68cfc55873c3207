import type { AuditReport } from "../../audit/verdict.ts";
import { conclusionOf, leaksSaid } from "../../audit/words.ts";
import type { Rule } from "../../validity/rules.ts";
import type { AuditJson } from "./report-json.ts";

/**
 * An audit as pages show it.
 *
 * @param broken the rule that was switched off
 */
export function auditJson(report: AuditReport, broken: Rule | null): AuditJson {
  const { clean, rows, laws } = report;
  return { clean, rows, laws, conclusion: conclusionOf(report, broken), leaks: leaksSaid(report) };
}
