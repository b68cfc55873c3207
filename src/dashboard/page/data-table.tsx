import type { ComponentChildren } from "preact";

/** A column: text stands left, numbers right. */
export interface TitledColumn {
  readonly title: string;
  readonly align: "left" | "right";
}

interface TableProps {
  /** What the table shows, for a screen reader. */
  readonly label: string;
  readonly columns: readonly TitledColumn[];
  /** The first cell of each names the row. */
  readonly rows: readonly (readonly ComponentChildren[])[];
}

/** A table of texts and numbers; one that is too wide scrolls by itself. */
export function DataTable({ label, columns, rows }: TableProps) {
  const classOf = (at: number) => columns[at]?.align ?? "left";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map(({ title, align }, at) => (
              <th key={`${at} ${title}`} scope="col" class={align}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells], row) => (
            <tr key={row}>
              <th scope="row" class={classOf(0)}>
                {name}
              </th>
              {cells.map((cell, at) => (
                <td key={columns[at + 1]?.title ?? at} class={classOf(at + 1)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Columns by their titles, those of numbers named. */
export function titledColumns(titles: readonly string[], numbers: readonly string[]): TitledColumn[] {
  return titles.map((title) => ({ title, align: numbers.includes(title) ? "right" : "left" }));
}
