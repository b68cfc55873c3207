import { average } from "../statistics.ts";
import { successRates } from "./analysis.ts";
import { type Cell, cells, robotNames } from "./design.ts";
import type { Line } from "./table.ts";

const [panel, rowHeight, left, top] = [150, 26, 130, 46] as const;

/** Success of each cell of the core by robot: a dot for each seed, a bar at their mean. */
export function drawSuccess(lines: readonly Line[]): string {
  const names = Object.keys(cells).filter((name): name is Cell => Object.hasOwn(cells, name));
  const [width, height] = [left + robotNames.length * (panel + 20) + 10, top + names.length * rowHeight + 30];
  const rows = names.map((cell, row) => {
    const y = top + row * rowHeight + rowHeight / 2;
    const rates = successRates(lines, "core", cell);
    const title = `${cell}: ${cells[cell].training} under ${cells[cell].sampling}`;
    return [
      text(left - 8, y + 4, title, "end"),
      ...robotNames.map((robot, at) => dots(rates.get(robot) ?? [], at, y)),
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>Success of each cell of the core by robot</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${text(left, 16, "Success in closed loop, percent of 200 starts: a dot for each seed, a bar at their mean", "start")}
${robotNames.map((robot, at) => axis(robot, at, height - 26)).join("\n")}
${rows.join("\n")}
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
