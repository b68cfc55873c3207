import { ranges } from "../dataset/problem.ts";
import type { DataSummary, EntrySummary } from "../recipe/data-summary.ts";

/** What a run reads of a dataset and what it leaves out, on one line. */
export function dataLine(summary: DataSummary, actions: "absolute" | "delta"): string {
  const { dataset, controlMode, role, action, state, leftOut, notes } = summary;
  return [
    `data ${dataset} / ${controlMode} (${role}): ${episodesOf(summary)}`,
    ...leftOut.map((reason) => `left out: ${reason}`),
    ...trimmedOf(summary),
    viewsOf(summary),
    action.entries === 0
      ? "no actions"
      : `${entriesOf(action, "dofs")}${restingOf(summary)}${relativeOf(summary, actions)}`,
    state.entries === 0 ? "no state" : entriesOf(state, "state entries"),
    ...notes,
  ].join("; ");
}

function episodesOf({ episodes: { listed, train, heldOut }, frames }: DataSummary): string {
  const side = (count: number, of: number, word: string) => (count === 0 ? [] : [`${count} ${word} (${of} frames)`]);
  const sides = [...side(train, frames.train, "to train on"), ...side(heldOut, frames.heldOut, "held out")];
  return `${train + heldOut} of ${listed} episodes: ${sides.join(", ")}`;
}

function trimmedOf({ trimmed }: DataSummary): string[] {
  if (trimmed === null) return [];
  const { frames, of, episodes } = trimmed;
  return [
    `${frames} of ${of} frames trimmed (idle at the ends of ${episodes} ${episodes === 1 ? "episode" : "episodes"})`,
  ];
}

function viewsOf({ views }: DataSummary): string {
  const each = Object.entries(views).map(([view, key]) => (key === null ? `${view} absent` : `${view} ← ${key}`));
  return each.length === 0 ? "no views" : each.join(", ");
}

function entriesOf({ entries, slots, units }: EntrySummary, word: string): string {
  const each = Object.entries(units).map(([unit, count]) => (count === entries ? unit : `${count} ${unit}`));
  return `${entries} ${word} → slots ${ranges(slots.toSorted((one, other) => one - other))} (unit ${each.join(", ")})`;
}

function restingOf({ action: { resting } }: DataSummary): string {
  return resting === 0 ? "" : `, ${resting} of them never move`;
}

function relativeOf({ action: { entries, relative } }: DataSummary, actions: "absolute" | "delta"): string {
  return actions === "delta" ? `, ${relative} of ${entries} relative to the state` : ", absolute";
}
