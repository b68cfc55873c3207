import type { TableColumn } from "../src/command/table.ts";

/**
 * The same as `table`, in Markdown: what a benchmark prints can be read on the screen and pasted into a document.
 *
 * @throws RangeError if a row has not one cell per column
 */
export function markdownTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  for (const row of rows)
    if (row.length !== columns.length)
      throw new RangeError(`table: expected ${columns.length} cells in a row, got ${row.length} (${row.join(", ")})`);
  const widths = columns.map(({ title }, at) => Math.max(3, title.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells
      .map((cell, at) => (columns[at]!.align === "right" ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
      .join(" | ")} |`;
  const rules = columns.map(({ align }, at) => {
    const rule = "-".repeat(widths[at]! + 1);
    return align === "right" ? `${rule}:` : `-${rule}`;
  });
  return [line(columns.map(({ title }) => title)), `|${rules.join("|")}|`, ...rows.map(line)].join("\n");
}
