import { constants } from "node:fs";
import { access, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { AuditReport } from "../audit/verdict.ts";
import { auditJson } from "../dashboard/report/audit-report.ts";
import { emptyReport, reportDocument } from "../dashboard/report/report-file.ts";
import { InputError } from "../input-error.ts";
import type { Rule } from "../validity/rules.ts";

/** What was audited, and without which rule. */
export interface AuditedSubject {
  readonly subject: string;
  readonly broken: Rule | null;
}

/**
 * A page of an audit that stands in a file by itself.
 *
 * @param told before the page is built, which a clone does once
 * @returns what writes it
 * @throws InputError where no file can be written there: told before the audit begins
 */
export async function auditPage(
  path: string,
  { subject, broken }: AuditedSubject,
  told: () => void,
): Promise<(report: AuditReport) => Promise<void>> {
  await access(dirname(resolve(path)), constants.W_OK | constants.X_OK).catch(() => {
    throw new InputError(`--html: expected a file in a folder that can be written, got ${path}; name another`);
  });
  const empty = await emptyReport(told);
  return (report) => {
    const page = { kind: "audit", subject, audit: auditJson(report, broken) } as const;
    return writeFile(path, reportDocument(empty, page));
  };
}
