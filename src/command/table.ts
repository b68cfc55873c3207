/** A column of a table: text stands left, numbers right. */
export interface TableColumn {
  readonly title: string;
  readonly align: "left" | "right";
}

const gap = "  ";

/**
 * Lines of aligned text: titles, a rule, one line per row; no spaces at the ends of lines and no line break at the end.
 *
 * @throws RangeError if a row has not one cell per column
 */
export function table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): string {
  for (const row of rows)
    if (row.length !== columns.length)
      throw new RangeError(`table: expected ${columns.length} cells in a row, got ${row.length} (${row.join(", ")})`);
  const widths = columns.map(({ title }, at) => Math.max(...[title, ...rows.map((row) => row[at] ?? "")].map(width)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const space = " ".repeat((widths[at] ?? 0) - width(cell));
        return columns[at]?.align === "right" ? space + cell : cell + space;
      })
      .join(gap)
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  return [line(titles), widths.map((each) => "─".repeat(each)).join(gap), ...rows.map(line)].join("\n");
}

/** Characters as a reader counts them: an accent that is written as a character of its own is none. */
function width(text: string): number {
  return [...characters.segment(text)].length;
}

const characters = new Intl.Segmenter();
