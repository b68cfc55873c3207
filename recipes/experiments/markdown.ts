import { average } from "./statistics.ts";

/** A table in Markdown. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (entries: readonly string[]) => `| ${entries.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The mean over seeds in percent, and the least and the most. */
export function rate(values: readonly number[]): string {
  if (values.length === 0) return "–";
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(average(values))} (${percent(Math.min(...values))}–${percent(Math.max(...values))})`;
}

/** A difference of shares in points of a hundred. */
export function points(share: number): string {
  return signed(100 * share, 2);
}

/** A number with its sign. */
export function signed(value: number, digits = 4): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
}

/** Three digits; a dash where there is nothing. */
export function number(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value === 0 ? "0" : value.toPrecision(3);
}
