import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { reportFolder } from "../page-folder.ts";
import type { ReportJson } from "./report-json.ts";

/** Where the built page has what it shows; `page/report.html` has it empty. */
const hole = '<script id="report" type="application/json">null</script>';

/**
 * The page of reports without what it shows: a document that needs nothing beside itself.
 *
 * @param told before it is built, which a clone does where its sources have changed
 */
export async function emptyReport(told: () => void): Promise<string> {
  return await readFile(join(await reportFolder(told), "report.html"), "utf8");
}

/**
 * The document that shows a report: its data stand in it as JSON.
 *
 * @param empty see `emptyReport`
 * @throws RangeError where that is another document
 */
export function reportDocument(empty: string, report: ReportJson): string {
  const [before, after, ...more] = empty.split(hole);
  if (before === undefined || after === undefined || more.length > 0)
    throw new RangeError(
      `reportDocument: expected a page with one place for its data, got ${empty.split(hole).length - 1}`,
    );
  // No text of the data ends the element that it stands in.
  const data = JSON.stringify(report).replaceAll("<", "\\u003c");
  return `${before}${hole.replace("null", () => data)}${after}`;
}
