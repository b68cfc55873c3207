import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { number, points, rate, signed, table } from "../markdown.ts";
import { average } from "../statistics.ts";
import {
  type Comparison,
  compareSuccess,
  measures,
  missing,
  numbers,
  playedRobots,
  ranked,
  runsOf,
  secondary,
  successRates,
  verdict,
} from "./analysis.ts";
import {
  cellsOf,
  executionHorizons,
  horizon,
  jobs,
  primaryHorizon,
  type StudyName,
  studies,
  studyNames,
} from "./design.ts";
import { drawSuccess } from "./picture.ts";
import { type Line, readTable, tablePath } from "./table.ts";

/** Writes `results.md` and `results.svg` beside the table. */
export async function writeReport(): Promise<void> {
  const lines = await readTable(tablePath);
  await writeFile(join(import.meta.dirname, "results.md"), reportOf(lines));
  await writeFile(join(import.meta.dirname, "results.svg"), drawSuccess(lines));
}

/** Everything that the table tells, as Markdown. */
export function reportOf(lines: readonly Line[]): string {
  const { text, best, compared } = verdict(lines);
  const against = compared === null ? "" : ` causal − ${best}: ${inWords(compared)}.`;
  return [
    "# Results of the experiment on steps past an episode's end",
    "Written by `node recipes/experiments/past-the-end/run.ts --report` from `results.jsonl`.",
    `The rule's verdict on the runs that are there: **${text}**.${against}`,
    primary(lines),
    "## Cells that read both ways, over the seeds that all have",
    table(
      ["cell", "success, mean over robots", "seeds"],
      ranked(lines).map(({ cell, success, seeds }) => [cell, (100 * success).toFixed(1), `${seeds}`]),
    ),
    ...studyNames.flatMap((study) => studySection(lines, study)),
    "## What is missing",
    missingList(lines),
  ]
    .join("\n\n")
    .concat("\n");
}

function primary(lines: readonly Line[]): string {
  const found = compareSuccess(lines, "ends-at-success", ["causal", "taught"], primaryHorizon.execute);
  return found === null
    ? "No seed has both causal and taught yet."
    : `Primary measure, causal − taught: ${inWords(found)}.`;
}

function inWords({ estimate, seeds, p }: Comparison): string {
  const { mean, low, high } = estimate;
  return `${points(mean)} points over ${seeds.length} seeds, 95 % interval ${points(low)} to ${points(high)}, exact sign-flip test p = ${number(p)}`;
}

/** Nothing where no run has ended. */
function studySection(lines: readonly Line[], study: StudyName): string[] {
  if (!lines.some((line) => line.study === study)) return [];
  const robots = playedRobots(study);
  const own = studies[study].data === "pictures" ? [primaryHorizon] : executionHorizons;
  return [
    `## \`${study}\`: ${studies[study].summary}`,
    ...(robots.length === 0 ? [] : own.flatMap(({ execute }) => successTable(lines, study, execute))),
    "Other measures, mean over robots and seeds:",
    measureTable(lines, study),
    "Causal less taught:",
    table(
      ["measure", "mean", "seeds", "p", "Holm"],
      secondary(lines, study).map(({ name, mean, seeds, p, corrected }) => [
        name,
        signed(mean),
        `${seeds}`,
        number(p),
        number(corrected),
      ]),
    ),
    "Error of sampled actions by step of the horizon, in standard deviations, mean over robots and seeds:",
    stepTable(lines, study),
  ];
}

function successTable(lines: readonly Line[], study: StudyName, execute: number): string[] {
  const rows = cellsOf(study).flatMap((cell) => {
    const rates = successRates(lines, study, cell, execute);
    const seeds = rates[0]?.length ?? 0;
    return seeds === 0 ? [] : [[cell, `${seeds}`, ...rates.map(rate), rate(rates.map(average))]];
  });
  const against = cellsOf(study).flatMap((cell) => {
    const found = cell === "causal" ? null : compareSuccess(lines, study, ["causal", cell], execute);
    return found === null ? [] : [`- causal − ${cell}: ${inWords(found)}`];
  });
  return [
    `Success in percent, ${execute} of ${horizon} steps carried out (mean over seeds, least and most):`,
    table(["cell", "seeds", ...playedRobots(study), "mean"], rows),
    ...(against.length === 0 ? [] : [against.join("\n")]),
  ];
}

function measureTable(lines: readonly Line[], study: StudyName): string {
  const shown = Object.entries(measures).filter(([, { plays }]) => !plays || playedRobots(study).length > 0);
  const rows = cellsOf(study).flatMap((cell) => {
    const runs = [...runsOf(lines, study, cell).values()];
    if (runs.length === 0) return [];
    return [[cell, `${runs.length}`, ...shown.map(([, { of }]) => number(average(runs.map(of))))]];
  });
  return table(["cell", "seeds", ...shown.map(([name]) => name)], rows);
}

function stepTable(lines: readonly Line[], study: StudyName): string {
  const steps = Array.from({ length: horizon }, (_, step) => step);
  const rows = cellsOf(study).flatMap((cell) => {
    const runs = [...runsOf(lines, study, cell).values()];
    if (runs.length === 0) return [];
    const at = (step: number) => average(runs.map(({ actionError }) => average(numbers(errorsAt(actionError, step)))));
    return [[cell, ...steps.map((step) => at(step).toFixed(3))]];
  });
  return table(["cell", ...steps.map(String)], rows);
}

function errorsAt(actionError: Line["actionError"], step: number): (number | null)[] {
  return Object.values(actionError).map((steps) => steps[step] ?? null);
}

function missingList(lines: readonly Line[]): string {
  const left = Map.groupBy(missing(lines), ({ study }) => study);
  const total = Map.groupBy(jobs(), ({ study }) => study);
  return studyNames
    .map((study) => {
      const own = left.get(study) ?? [];
      const all = total.get(study)?.length ?? 0;
      const list = own.map(({ cell, seed }) => `${cell} ${seed}`).join(", ");
      return `- \`${study}\`: ${own.length === 0 ? `nothing, all ${all} runs are there` : `${own.length} of ${all} runs: ${list}`}`;
    })
    .join("\n");
}
