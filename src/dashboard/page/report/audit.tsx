import type { AuditJson } from "../../report/report-json.ts";
import { AuditTable } from "../padding/audit-table.tsx";

/** What an audit found: in a sentence, by kind of padding, and each leak with the place where it enters. */
export function AuditPart({ audit }: { readonly audit: AuditJson }) {
  const { conclusion, leaks, rows, laws } = audit;
  return (
    <section class="part" aria-labelledby="audit-title">
      <h2 id="audit-title">Audit</h2>
      <p>{conclusion}</p>
      {leaks.length > 0 && (
        <ul class="problems" aria-label="Leaks">
          {leaks.map((leak) => (
            <li key={leak}>{leak}</li>
          ))}
        </ul>
      )}
      <AuditTable rows={rows} laws={laws} />
    </section>
  );
}
