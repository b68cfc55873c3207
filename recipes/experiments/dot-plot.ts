import { average } from "./statistics.ts";

const [panel, rowHeight, left, top] = [150, 26, 130, 46] as const;

/** Shares of several kinds of policies, by robot. */
export interface DotPlot {
  readonly title: string;
  readonly caption: string;
  /** A robot each. */
  readonly panels: readonly string[];
  /** Of each kind: for each panel the shares, 0 to 1, one for each seed. */
  readonly rows: readonly { readonly name: string; readonly values: readonly (readonly number[])[] }[];
}

/** A picture in SVG: a dot for each seed, a bar at their mean. */
export function dotPlot({ title, caption, panels, rows }: DotPlot): string {
  const [width, height] = [left + panels.length * (panel + 20) + 10, top + rows.length * rowHeight + 30];
  const drawn = rows.map(({ name, values }, row) => {
    const y = top + row * rowHeight + rowHeight / 2;
    return [text(left - 8, y + 4, name, "end"), ...values.map((shares, at) => dots(shares, at, y))].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${text(left, 16, caption, "start")}
${panels.map((robot, at) => axis(robot, at, height - 26)).join("\n")}
${drawn.join("\n")}
</svg>
`;
}

function axis(robot: string, at: number, bottom: number): string {
  const marks = [0, 50, 100].map((percent) => {
    const x = placeOf(percent / 100, at);
    return `<path d="M${x} ${top}V${bottom}" stroke="#ccc"/>\n${text(x, bottom + 14, String(percent), "middle")}`;
  });
  return [...marks, text(placeOf(0.5, at), top - 10, robot, "middle")].join("\n");
}

function dots(rates: readonly number[], at: number, y: number): string {
  const marks = rates.map(
    (rate) => `<circle cx="${placeOf(rate, at)}" cy="${y}" r="3" fill="#2563a8" fill-opacity="0.45"/>`,
  );
  if (rates.length === 0) return "";
  const mean = placeOf(average(rates), at);
  return [...marks, `<path d="M${mean} ${y - 9}V${y + 9}" stroke="#b3261e" stroke-width="2"/>`].join("\n");
}

function placeOf(share: number, at: number): number {
  return Math.round(10 * (left + at * (panel + 20) + share * panel)) / 10;
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${content}</text>`;
}
