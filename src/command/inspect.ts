import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { DatasetReport } from "../dataset/validate.ts";
import { InputError } from "../input-error.ts";
import { define } from "./definition.ts";
import { repeated, text } from "./parameter.ts";
import { Progress } from "./progress.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export const inspect = define({
  name: "inspect",
  summary: "show what is in datasets, every problem at once, and how much of a batch of them will be padding",
  arguments: { datasets: repeated(text("dataset", "a folder or hf://owner/name[@revision]")) },
  options: {},
  examples: [
    {
      line: "inspect ../shared/data/real/pusht",
      shows: "robot, rate, sizes, cameras and problems; exit status 1 if any",
    },
    { line: "inspect aloha droid --json", shows: "the same for programs, with the padding of a batch of both" },
  ],
  async run(given, terminal) {
    const { inspectDataset } = await import("../dataset/validate.ts");
    const { paddingDrawnByFrames, paddingDrawnEqually } = await import("../dataset/padding-share.ts");
    for (const location of given.datasets)
      if (!location.startsWith("hf://") && !existsSync(location))
        throw new InputError(`inspect: expected a folder or hf://owner/name, got "${location}", which is not there`);
    const reports: DatasetReport[] = [];
    for (const location of given.datasets) {
      const root = await fetched(location, terminal);
      const name = location.startsWith("hf://") ? location.slice("hf://".length) : basename(resolve(location));
      const progress = watch(terminal, `inspect ${name}`, "episode");
      reports.push(await inspectDataset(root, name, progress.update));
      progress.finish();
    }
    const sizes = reports.map(({ frames, dofs, states, cameras }) => ({ frames, dofs, states, views: cameras.length }));
    const padding = { drawnEqually: paddingDrawnEqually(sizes), drawnByFrames: paddingDrawnByFrames(sizes) };
    return {
      status: reports.some(({ problems }) => problems.length > 0) ? 1 : 0,
      json: { datasets: reports.map(stable), padding },
      text: [overview(reports), ...reports.flatMap(findings), ...paddingLines(reports, padding)].join("\n"),
    };
  },
});

/** A report under the keys that programs rely on. LeRobot's metadata names no control mode: recipes do. */
function stable({ framesPerSecond, ...report }: DatasetReport) {
  return { ...report, fps: framesPerSecond, controlMode: null };
}

async function fetched(location: string, terminal: Terminal): Promise<string> {
  const { resolveRoot } = await import("../dataset/hub.ts");
  const progress = watch(terminal, `fetch ${location}`, "file");
  const root = await resolveRoot(location, progress.update);
  progress.finish();
  return root;
}

/** Progress of a job whose length shows itself with the first part that is done; short jobs say nothing. */
function watch(terminal: Terminal, label: string, unit: string) {
  const now = () => performance.now();
  const started = now();
  let progress: Progress | null = null;
  return {
    update: (done: number, total: number): void => {
      progress ??= new Progress({ screen: terminal.err, label, unit, total, done: 0, now });
      progress.update(done, {});
    },
    finish: (): void => {
      if (now() - started > 2000) progress?.finish();
    },
  };
}

function overview(reports: readonly DatasetReport[]): string {
  const left = ["dataset", "version", "robot"].map((title) => ({ title, align: "left" }) as const);
  const right = ["fps", "episodes", "frames", "dofs", "states", "cameras", "problems"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  const rows = reports.map((report) => [
    report.name,
    report.version ?? "unknown",
    report.robotType === "" ? "(not stated)" : report.robotType,
    ...[report.framesPerSecond, report.episodes, report.frames, report.dofs, report.states].map(String),
    ...[report.cameras.length, report.problems.length].map(String),
  ]);
  return table([...left, ...right], rows);
}

function findings({ name, problems, notes, cameras, tasks }: DatasetReport): string[] {
  const line = (word: string, path: string, message: string) => `  ${word} ${path}: ${message}`;
  return [
    "",
    name,
    `  cameras: ${cameras.length === 0 ? "none" : cameras.join(", ")}`,
    `  instructions: ${tasks.length === 0 ? "none" : tasks.slice(0, 5).join(" · ")}${tasks.length > 5 ? " · …" : ""}`,
    ...problems.map(({ path, message }) => line("problem", path, message)),
    ...notes.map(({ path, message }) => line("note", path, message)),
  ];
}

type Shares = Readonly<Record<"actions" | "states" | "views", number | null>>;

function paddingLines(reports: readonly DatasetReport[], padding: Readonly<Record<string, Shares>>): string[] {
  if (reports.length < 2) return [];
  const shown = ({ actions, states, views }: Shares) =>
    [actions, states, views].map((share) => (share === null ? "none there" : `${(share * 100).toFixed(1)}%`));
  const titles = ["padding of a batch", "actions", "states", "views"];
  const columns = titles.map((title, at) => ({ title, align: at === 0 ? "left" : "right" }) as const);
  const rows = Object.entries(padding).map(([how, shares]) => [
    how === "drawnEqually" ? "datasets drawn equally often" : "datasets drawn by their frames",
    ...shown(shares),
  ]);
  return ["", table(columns, rows)];
}
