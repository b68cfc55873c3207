import { dotPlot } from "../dot-plot.ts";
import { successRates } from "./analysis.ts";
import { cellsOf, primaryHorizon, robotNames } from "./design.ts";
import type { Line } from "./table.ts";

/** Success of each cell on recordings that end at success, by robot: a dot for each seed, a bar at their mean. */
export function drawSuccess(lines: readonly Line[]): string {
  return dotPlot({
    title: "Success by what steps past an episode's end are, on recordings that end at success",
    caption: `Success in closed loop, percent of ${primaryHorizon.starts} starts: a dot for each seed, a bar at their mean`,
    panels: robotNames,
    rows: cellsOf("ends-at-success").map((cell) => {
      return { name: cell, values: successRates(lines, "ends-at-success", cell, primaryHorizon.execute) };
    }),
  });
}
