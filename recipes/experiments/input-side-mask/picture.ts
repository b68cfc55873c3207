import { dotPlot } from "../dot-plot.ts";
import { successRates } from "./analysis.ts";
import { type Cell, cells, robotNames } from "./design.ts";
import type { Line } from "./table.ts";

/** Success of each cell of the core by robot: a dot for each seed, a bar at their mean. */
export function drawSuccess(lines: readonly Line[]): string {
  const names = Object.keys(cells).filter((name): name is Cell => Object.hasOwn(cells, name));
  return dotPlot({
    title: "Success of each cell of the core by robot",
    caption: "Success in closed loop, percent of 200 starts: a dot for each seed, a bar at their mean",
    panels: robotNames,
    rows: names.map((cell) => {
      const rates = successRates(lines, "core", cell);
      const name = `${cell}: ${cells[cell].training} under ${cells[cell].sampling}`;
      return { name, values: robotNames.map((robot) => rates.get(robot) ?? []) };
    }),
  });
}
