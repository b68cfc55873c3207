import { existsSync } from "node:fs";
import type { Endings } from "../dataset/read/ending.ts";
import type { DatasetReport } from "../dataset/read/validate.ts";
import { InputError } from "../input-error.ts";

import { dataLine } from "./data-line.ts";
import { define } from "./definition.ts";
import { folderNames } from "./folder-name.ts";
import { flag, otherwise, repeated, text } from "./parameter.ts";
import { policiesIn, policyReport } from "./policy-report.ts";
import { policySize } from "./recipe.ts";
import { shapeLine, shapesAsJson } from "./shape-line.ts";
import { table } from "./table.ts";
import { lineWidth, type Screen } from "./terminal.ts";
import { watched } from "./watched.ts";
import { wrap } from "./wrap.ts";

export const inspect = define({
  name: "inspect",
  summary:
    "show what is in datasets, every problem, how episodes end, and how much of a batch of them will be padding; or what a recipe reads of them and computes on padding, or what a policy costs",
  arguments: {
    datasets: repeated(text("dataset", "a folder or hf://owner/name[@revision]; or one recipe, or policies by name")),
  },
  options: {
    decode: flag("decode every picture, not only the first and the last of each episode"),
    size: otherwise(policySize, "base" as const),
  },
  examples: [
    {
      line: "inspect ../shared/data/real/pusht",
      shows: "robot, rate, sizes, cameras and problems; exit status 1 if any",
    },
    {
      line: "inspect ../shared/data/real/dobot_cr5 --decode",
      shows: "the same, and whether every picture can be decoded",
    },
    {
      line: "inspect recipes/real-mixture.ts",
      shows:
        "a line for each dataset as training says it: episodes, frames, what is left out and trimmed, views, units; and how much of a step is padding",
    },
    {
      line: "inspect pi0",
      shows: "its parameters by part, memory, and operations of a training step and of an answer",
    },
    { line: "inspect aloha droid --json", shows: "the same for programs, with the padding of a batch of both" },
  ],
  async run(given, terminal) {
    const policies = policiesIn(given.datasets);
    if (policies !== null) return await policyReport(policies, given.size);
    const [first = "", ...others] = given.datasets;
    if (others.length === 0 && /\.[mc]?[jt]s$/.test(first)) return await recipeLines(first);
    const { inspectDataset } = await import("../dataset/read/validate.ts");
    const { paddingDrawnByFrames, paddingDrawnEqually } = await import("../dataset/padding-share.ts");
    for (const location of given.datasets)
      if (!location.startsWith("hf://") && !existsSync(location))
        throw new InputError(`inspect: expected a folder or hf://owner/name, got "${location}", which is not there`);
    const reports: DatasetReport[] = [];
    const decoded = given.decode ? "all" : "ends";
    const names = folderNames(given.datasets);
    for (const [at, location] of given.datasets.entries()) {
      const root = await fetched(location, terminal.err);
      const name = names[at]!;
      const watch = { screen: terminal.err, label: `inspect ${name}`, unit: "episode" };
      reports.push(await watched(watch, (seen) => inspectDataset(root, name, seen, decoded)));
    }
    const sizes = reports.map(({ frames, dofs, states, cameras }) => ({ frames, dofs, states, views: cameras.length }));
    const padding = { drawnEqually: paddingDrawnEqually(sizes), drawnByFrames: paddingDrawnByFrames(sizes) };
    return {
      status: reports.some(({ problems }) => problems.length > 0) ? 1 : 0,
      json: { datasets: reports.map(stable), padding },
      text: [
        overview(reports),
        ...reports.flatMap((report) => findings(report, lineWidth(terminal.out))),
        ...endingLines(reports, lineWidth(terminal.out)),
        ...paddingLines(reports, padding),
      ].join("\n"),
    };
  },
});

/** What a recipe reads, a line for each dataset. */
async function recipeLines(path: string) {
  const { loadRecipe } = await import("../recipe/file.ts");
  const { recipeData } = await import("./recipe-data.ts");
  const recipe = await loadRecipe(path);
  const { data, shapes } = await recipeData(recipe);
  const lines = data.map((summary) => dataLine(summary, recipe.data.actions));
  const text = [...lines, shapeLine(shapes, recipe.batch.shapes ?? "one")].join("\n");
  return { status: 0, json: { data, compute: shapesAsJson(shapes) }, text } as const;
}

/** A report under the keys that programs rely on. LeRobot's metadata names no control mode: recipes do. */
function stable({ framesPerSecond, ...report }: DatasetReport) {
  return { ...report, fps: framesPerSecond, controlMode: null };
}

async function fetched(location: string, screen: Screen): Promise<string> {
  const { resolveRoot } = await import("../dataset/read/hub.ts");
  return await watched({ screen, label: `fetch ${location}`, unit: "file" }, (seen) => resolveRoot(location, seen));
}

function overview(reports: readonly DatasetReport[]): string {
  const left = { title: "dataset", align: "left" } as const;
  const right = ["fps", "episodes", "frames", "dofs", "states", "cameras", "problems"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  const rows = reports.map((report) => [
    report.name,
    ...[report.framesPerSecond, report.episodes, report.frames, report.dofs, report.states].map(String),
    ...[report.cameras.length, report.problems.length].map(String),
  ]);
  return table([left, ...right], rows);
}

function findings(report: DatasetReport, columns: number | null): string[] {
  const { name, version, robotType, problems, notes, cameras, tasks } = report;
  const line = (word: string, path: string, message: string) => `  ${word} ${path}: ${message}`;
  const lines = [
    `  LeRobot ${version ?? "of a version that is not stated"}, robot ${robotType === "" ? "not stated" : robotType}`,
    `  cameras: ${cameras.length === 0 ? "none" : cameras.join(", ")}`,
    ...pictureLines(report),
    `  instructions: ${tasks.length === 0 ? "none" : tasks.slice(0, 5).join(" · ")}${tasks.length > 5 ? " · …" : ""}`,
    ...problems.map(({ path, message }) => line("problem", path, message)),
    ...notes.map(({ path, message }) => line("note", path, message)),
  ];
  return ["", name, ...lines.map((each) => wrap(each, columns, "    "))];
}

/** What has not been looked at. */
function pictureLines({ cameras, pictures: { decoded, here } }: DatasetReport): string[] {
  if (cameras.length === 0) return [];
  if (decoded === here) return [`  pictures: all ${here} decoded`];
  return [
    `  pictures: ${decoded} of ${here} decoded, the first and the last of each episode; --decode looks at all of them`,
  ];
}

function endingLines(reports: readonly DatasetReport[], columns: number | null): string[] {
  const known = reports.flatMap(({ name, endings }) => (endings === null ? [] : [{ name, ...endings }]));
  const [first] = known;
  if (first === undefined) return [];
  const titles = ["how episodes end", "moving", "pausing", "resting", "frames near the end"];
  const rows = known.map((each) => [
    each.name,
    ...[each.moving, each.pausing, each.resting].map(String),
    `${each.framesPastEnd} of ${each.frames} (${percent(each.framesPastEnd / each.frames)})`,
  ]);
  const aligned = titles.map((title, at) => ({ title, align: at === 0 ? "left" : "right" }) as const);
  return ["", table(aligned, rows), ...endingsExplained(first).map((line) => wrap(line, columns, "    "))];
}

/** What the columns mean, and what a policy would be told. */
function endingsExplained({ chunkSteps }: Endings): string[] {
  return [
    "  moving: the robot still moves in the last 0.2 s",
    `  pausing: it rests then, but not throughout its last chunk of ${chunkSteps} frames; resting: throughout`,
    "  frames near the end: their chunk of actions reaches past it. In them a policy whose action steps read each other both ways is told in training how soon its episode ends. A robot that acts is never told, and neither is a causal policy.",
  ];
}

type Shares = Readonly<Record<"actions" | "states" | "views", number | null>>;

function paddingLines(reports: readonly DatasetReport[], padding: Readonly<Record<string, Shares>>): string[] {
  if (reports.length < 2) return [];
  const shown = ({ actions, states, views }: Shares) =>
    [actions, states, views].map((share) => (share === null ? "none there" : percent(share)));
  const titles = ["padding of a batch", "actions", "states", "views"];
  const columns = titles.map((title, at) => ({ title, align: at === 0 ? "left" : "right" }) as const);
  const rows = Object.entries(padding).map(([how, shares]) => [
    how === "drawnEqually" ? "datasets drawn equally often" : "datasets drawn by their frames",
    ...shown(shares),
  ]);
  return ["", table(columns, rows)];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
