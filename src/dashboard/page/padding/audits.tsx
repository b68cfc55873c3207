import type { AuditList } from "../../padding/audit-events.ts";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import { AuditTable } from "./audit-table.tsx";

/** What the audit found while a run trained. */
export function Audits({ run }: { readonly run: string }) {
  const found = useJson<AuditList>(`/api/runs/${encodeURIComponent(run)}/audits`, 0);
  return (
    <section class="part" aria-labelledby="audits-title">
      <h2 id="audits-title">Audit</h2>
      <WhenHere found={found} meanwhile="Reading the run's log">
        {({ audits, problems }) => (
          <>
            <Verdict audits={audits} />
            <LastTable audits={audits} />
            {problems.length > 0 && (
              <ul class="problems">
                {problems.map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
              </ul>
            )}
          </>
        )}
      </WhenHere>
    </section>
  );
}

function Verdict({ audits }: Pick<AuditList, "audits">) {
  const leaking = audits.filter(({ clean }) => !clean);
  if (audits.length === 0)
    return (
      <p class="quiet-text">
        Training did not look: <code>audit.everySteps</code> of a recipe says how often it does.{" "}
        <code>armature audit RUN</code> looks now, and prints by kind of padding what it reaches.
      </p>
    );
  if (leaking.length === 0)
    return (
      <p>
        Clean at each of {audits.length} looks, the last at step {audits.at(-1)?.step}: no cell that does not exist
        changed a loss, a gradient, an action or a metric.
      </p>
    );
  return (
    <ul class="problems" aria-label="Leaks">
      {leaking.flatMap(({ step, leaks }) =>
        leaks.map((leak) => (
          <li key={`${step} ${leak}`}>
            step {step}: {leak}
          </li>
        )),
      )}
    </ul>
  );
}

/** The last look by kind of padding; a run of an older version has none. */
function LastTable({ audits }: Pick<AuditList, "audits">) {
  const last = audits.at(-1);
  if (last === undefined || last.rows === null) return null;
  return (
    <>
      <h3>By kind of padding, at step {last.step}</h3>
      <AuditTable rows={last.rows} laws={last.laws} />
    </>
  );
}
