import { useEffect } from "preact/hooks";
import type { ReportJson } from "../../report/report-json.ts";
import { ThemeButton } from "../theme-button.tsx";
import { AuditPart } from "./audit.tsx";
import { DemoReport } from "./demo.tsx";

/** A page that stands in a file by itself, of what the dashboard's views are made of. */
export function Report({ report }: { readonly report: ReportJson }) {
  const title = report.kind === "demo" ? `One policy, ${report.robots.length} robots` : `Audit of ${report.subject}`;
  useEffect(() => {
    document.title = `${title} · Armature`;
  }, [title]);
  return (
    <>
      <header class="bar">
        <span class="brand">Armature</span>
        <span class="bar-rest" />
        <ThemeButton />
      </header>
      <main class="content report">
        <h1>{title}</h1>
        {report.kind === "demo" ? <DemoReport report={report} /> : <AuditPart audit={report.audit} />}
      </main>
    </>
  );
}
