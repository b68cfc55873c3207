import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { number, points, rate, signed, table } from "../markdown.ts";
import { average, signFlip } from "../statistics.ts";
import {
  type Comparison,
  compareSuccess,
  type HeldOut,
  heldOutDifferences,
  meanOf,
  measuresOf,
  missing,
  outcomes,
  secondary,
  successRates,
  verdict,
} from "./analysis.ts";
import { type Cell, cells, jobs, robotNames, type StudyName, studies, studyNames } from "./design.ts";
import { drawSuccess } from "./picture.ts";
import { type Line, readTable, tablePath } from "./table.ts";

const cellNames = Object.keys(cells).filter((name): name is Cell => Object.hasOwn(cells, name));

/** Writes `results.md` and `results.svg` beside the table. */
export async function writeReport(): Promise<void> {
  const lines = await readTable(tablePath);
  await writeFile(join(import.meta.dirname, "results.md"), reportOf(lines));
  await writeFile(join(import.meta.dirname, "results.svg"), drawSuccess(lines));
}

/** Everything that the table tells, as Markdown. */
export function reportOf(lines: readonly Line[]): string {
  return [
    "# Results of the experiment on input-side masking",
    "Written by `node recipes/experiments/input-side-mask/run.ts --report` from `results.jsonl`.",
    `The rule's verdict on the seeds that are there: **${verdict(lines)}**. ${primary(lines)}`,
    ...(["core", "cells", "width-14", "width-128", "pictures"] as const).flatMap((study) =>
      successSection(lines, study),
    ),
    "## Secondary measures of the core",
    table(
      ["measure", "mean", "seeds", "p", "Holm"],
      secondary(lines).map(({ name, mean, seeds, p, corrected }) => [
        name,
        signed(mean),
        `${seeds}`,
        number(p),
        number(corrected),
      ]),
    ),
    "## Held-out frames of the core, mean over seeds",
    heldOutTable(lines, "core", robotNames),
    "## Mechanism: mean |Δa| in standard deviations where only the noise of unreal dims is drawn anew",
    mechanismTable(lines),
    "## Comparators",
    comparatorTable(lines),
    comparators(lines),
    ...heldOutSection(lines, "real-state"),
    ...heldOutSection(lines, "real-mixture"),
    ...heldOutSection(lines, "cells"),
    ...heldOutSection(lines, "pictures"),
    "## What is missing",
    missingList(lines),
  ]
    .join("\n\n")
    .concat("\n");
}

function primary(lines: readonly Line[]): string {
  const found = compareSuccess(lines, ["core", "D"], ["core", "B"]);
  return found === null ? "" : `Success of D − B: ${inWords(found)}.`;
}

function inWords({ estimate, seeds, p }: Comparison): string {
  const { mean, low, high } = estimate;
  return `${points(mean)} points over ${seeds.length} seeds, 95 % interval ${points(low)} to ${points(high)}, exact sign-flip test p = ${number(p)}`;
}

/** Success by cell and robot, and the comparison that decides. Nothing where no run has ended. */
function successSection(lines: readonly Line[], study: StudyName): string[] {
  const rows = cellNames.flatMap((cell) => {
    const rates = [...successRates(lines, study, cell).values()];
    const seeds = rates[0]?.length ?? 0;
    if (seeds === 0) return [];
    return [
      [
        `${cell} (${cells[cell].training} under ${cells[cell].sampling})`,
        `${seeds}`,
        ...rates.map(rate),
        rate(rates.map(average)),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const compared = compareSuccess(lines, [study, "D"], [study, "B"]);
  const text = compared === null ? "No seed has both D and B yet." : `D − B: ${inWords(compared)}.`;
  return [
    `## Success in closed loop, \`${study}\`: ${studies[study].summary}`,
    table(["cell", "seeds", ...robotNames, "mean"], rows),
    text,
  ];
}

function heldOutTable(lines: readonly Line[], study: StudyName, names: readonly string[]): string {
  const measures = ["velocityLoss", "actionError"] as const satisfies readonly HeldOut[];
  const rows = cellNames.flatMap((cell) =>
    measures.flatMap((what) => {
      const measured = [...measuresOf(lines, study, cell).values()];
      if (measured.length === 0) return [];
      const each = names.map((name) => number(average(measured.map((one) => one[what][name] ?? Number.NaN))));
      return [
        [
          cell,
          what === "velocityLoss" ? "velocity loss" : "action error",
          ...each,
          number(average(measured.map((one) => meanOf(one[what])))),
        ],
      ];
    }),
  );
  return table(["cell", "measure", ...names, "mean"], rows);
}

function mechanismTable(lines: readonly Line[]): string {
  const rows = cellNames.flatMap((cell) =>
    (["others", "none"] as const).flatMap((kind) => {
      const measured = [...measuresOf(lines, "core", cell).values()].flatMap(({ redrawn }) => redrawn ?? []);
      if (measured.length === 0) return [];
      const each = robotNames.map((name) => {
        const values = measured.map((one) => one[kind][name] ?? null).filter((value) => value !== null);
        return values.length === 0 ? "no such slot" : number(average(values));
      });
      return [[cell, kind === "others" ? "real for other robots" : "real for none", ...each]];
    }),
  );
  return table(["cell", "slots", ...robotNames], rows);
}

function comparatorTable(lines: readonly Line[]): string {
  const alone = robotNames.map((robot) =>
    lines
      .filter((line) => line.study === "single" && line.robot === robot)
      .flatMap((line) => line.cells.D ?? [])
      .map((measures) => average(outcomes(measures, robot))),
  );
  const rows = (["core", "native", "untrained"] as const).map((study) => {
    const rates = [...successRates(lines, study, "D").values()];
    const name = study === "core" ? "D" : study;
    return [`${name}: ${studies[study].summary}`, `${rates[0]?.length ?? 0}`, ...rates.map(rate)];
  });
  const seeds = alone.map(({ length }) => length).join(", ");
  return table(
    ["policy", "seeds", ...robotNames],
    [...rows, [`single: ${studies.single.summary}`, seeds, ...alone.map(rate)]],
  );
}

function comparators(lines: readonly Line[]): string {
  const found = compareSuccess(lines, ["native", "D"], ["core", "D"]);
  return found === null ? "" : `E1 − D: ${inWords(found)}.`;
}

function heldOutSection(lines: readonly Line[], study: StudyName): string[] {
  const [first] = measuresOf(lines, study, "D").values();
  if (first === undefined) return [];
  const text = (["velocityLoss", "actionError"] as const).map((what) => {
    const found = heldOutDifferences(lines, study, what, ["D", "B"]);
    if (found.length === 0) return `${what}: no seed has both D and B.`;
    return `${what}, D − B: ${signed(average(found))} over ${found.length} seeds, sign-flip p = ${number(signFlip(found))}.`;
  });
  return [
    `## Held-out episodes, \`${study}\`: ${studies[study].summary}`,
    heldOutTable(lines, study, Object.keys(first.velocityLoss)),
    text.join(" "),
  ];
}

function missingList(lines: readonly Line[]): string {
  const left = Map.groupBy(missing(lines), ({ study }) => study);
  const total = Map.groupBy(jobs(), ({ study }) => study);
  return studyNames()
    .map((study) => {
      const own = left.get(study) ?? [];
      const all = total.get(study)?.length ?? 0;
      const list = own.map(({ training, seed, robot }) =>
        [training, seed, ...(robot === null ? [] : [robot])].join(" "),
      );
      return `- \`${study}\`: ${own.length === 0 ? `nothing, all ${all} runs are there` : `${own.length} of ${all} runs: ${list.join(", ")}`}`;
    })
    .join("\n");
}
