import type { Dataset } from "../dataset/dataset.ts";
import { depthFilmType, depthType } from "../dataset/feature.ts";
import type { RecipeDataset } from "../recipe/schema.ts";
import type { Suggested } from "./suggested.ts";
import { table } from "./table.ts";

/** What was matched, and what was not: a table of robots, one of views where there are any, and a line for each thing left over. */
export function suggestionTable(suggested: Suggested): string {
  const { recipe, datasets } = suggested;
  const left = recipe.data.datasets.flatMap((entry, at) => leftOver(entry, datasets[at]!));
  const guessed = suggested.notes.flatMap(({ path, text }) => {
    const [, , at, ...rest] = path.split(".");
    return path.startsWith("data.datasets.")
      ? [`  ${recipe.data.datasets[Number(at)]!.name}, ${rest.join(".")}: ${text}`]
      : [];
  });
  return [
    robotTable(suggested),
    ...viewTable(suggested),
    ...section("guessed", guessed),
    ...section("not matched", left),
  ].join("\n");
}

function robotTable({ recipe }: Suggested): string {
  const titles = ["dataset", "control mode", "role", "prompt", "dofs", "states", "grippers", "delta pairs"];
  const columns = titles.map((title, at) => ({ title, align: at < 4 ? "left" : "right" }) as const);
  const rows = recipe.data.datasets.map(({ name, role, mapping }) => {
    const dofs = mapping.dofs ?? [];
    const prompt = mapping.prompt.kind === "task" ? "its tasks" : `"${mapping.prompt.text}"`;
    const counts = [
      dofs.length,
      mapping.states?.length ?? 0,
      dofs.filter(({ kind }) => kind === "gripper").length,
      dofs.filter(({ state }) => state !== null).length,
    ];
    return [name, mapping.controlMode, role, prompt, ...counts.map(String)];
  });
  return table(columns, rows);
}

function viewTable({ views, recipe }: Suggested): string[] {
  if (views.length === 0) return [];
  const names = recipe.data.datasets.map(({ name }) => name);
  const columns = ["view", ...names].map((title) => ({ title, align: "left" }) as const);
  const rows = views.map(({ view, keys }) => [view, ...names.map((name) => keys.get(name) ?? "–")]);
  return ["", table(columns, rows)];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}

function leftOver({ name, mapping }: RecipeDataset, dataset: Dataset): string[] {
  const depth = [...dataset.features.values()].filter(({ type }) => type === depthType || type === depthFilmType);
  const alone = (mapping.dofs ?? []).filter(({ state, kind }) => state === null && kind === "continuous");
  return [
    ...dataset.absentCameras.map((key) => `  ${name}: camera ${key} has no pictures here`),
    ...depth.map(
      ({ key }) => `  ${name}: depth camera ${key} is left out, unless "depth" of its source gives it a range`,
    ),
    ...(alone.length === 0
      ? []
      : [
          `  ${name}: no state entry for ${alone.length} dofs (${brief(alone.map((dof) => dof.name))}), which stay absolute`,
        ]),
  ];
}

function brief(names: readonly string[]): string {
  return names.length > 4 ? `${names.slice(0, 4).join(", ")}, …` : names.join(", ");
}
