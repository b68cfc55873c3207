import type { SampleFindings } from "../batch/sample-check.ts";
import type { Dataset } from "../dataset/dataset.ts";
import type { DatasetProblem, ProblemCode } from "../dataset/problem.ts";
import { changes, type Statistics } from "../dataset/statistics.ts";
import { type Entry, slots } from "../embodiment/embodiment.ts";
import { ownUnit } from "../embodiment/unit.ts";
import { frameCount } from "../mixture/frames.ts";
import type { TrimmedCount } from "../mixture/idle.ts";
import type { Member, OpenMixture } from "../mixture/mixture.ts";
import type { Role } from "../mixture/sides.ts";
import type { Plan } from "./plan.ts";
import type { RecipeDataset } from "./schema.ts";

/** What a run reads of one dataset under one control mode, and what it leaves out: plain data. */
export interface DataSummary {
  readonly dataset: string;
  readonly controlMode: string;
  readonly role: Role;
  readonly episodes: { readonly listed: number; readonly train: number; readonly heldOut: number };
  readonly frames: { readonly train: number; readonly heldOut: number };
  /** Why episodes that are listed are not used, each reason with its count. */
  readonly leftOut: readonly string[];
  /** How many frames at the ends of episodes were trimmed; `null` where the recipe trims none. */
  readonly trimmed: TrimmedCount | null;
  /** The dataset's key by view of the policy; `null` where it has no such camera. */
  readonly views: Readonly<Record<string, string | null>>;
  readonly action: EntrySummary & {
    /** Dofs that are learned relative to the state. */
    readonly relative: number;
    /** Dofs that never change in training, and teach nothing. */
    readonly resting: number;
  };
  readonly state: EntrySummary;
  /** What is read otherwise than one might expect. */
  readonly notes: readonly string[];
}

/** The entries of a vector. */
export interface EntrySummary {
  readonly entries: number;
  readonly slots: readonly number[];
  /** How many entries have each unit. */
  readonly units: Readonly<Record<string, number>>;
}

/** What a plan reads of each dataset of its recipe, in the recipe's order. */
export function dataSummaries(
  { recipe, mixture, statistics, findings }: Plan,
  { datasets, leftOut: byChoice, trimmed }: OpenMixture,
): DataSummary[] {
  return mixture.members.map((member, at) => {
    const [dataset, entry] = [datasets[at]!, recipe.data.datasets[at]!];
    const group = mixture.normalizationGroups[member.normalizationGroup]!.name;
    return {
      dataset: member.datasetName,
      controlMode: member.controlModeName,
      role: entry.role,
      episodes: {
        listed: dataset.listedEpisodes,
        train: member.train.episodes.length,
        heldOut: member.validation.episodes.length,
      },
      frames: { train: frameCount(member.train), heldOut: frameCount(member.validation) },
      leftOut: [...leftOut(dataset, entry), ...byChoice[at]!],
      trimmed: trimmed[at]!,
      views: Object.fromEntries(member.embodiment.cameras.map(({ view, key }) => [view, key])),
      action: actionSummary(member, recipe.data.actions === "delta", statistics.get(group)?.action),
      state: entrySummary(member.embodiment.states),
      notes: notesOf(dataset, findings[at]!, recipe.data.longPrompt === "cut"),
    };
  });
}

function entrySummary(entries: readonly Entry[]): EntrySummary {
  const units = Map.groupBy(entries, (entry) =>
    ownUnit(entry) === entry.unit ? entry.unit : `${entry.unit}, recorded in ${ownUnit(entry)}`,
  );
  return {
    entries: entries.length,
    slots: slots(entries),
    units: Object.fromEntries([...units].map(([unit, own]) => [unit, own.length])),
  };
}

function actionSummary({ embodiment: { dofs } }: Member, isDelta: boolean, action: Statistics | undefined) {
  return {
    ...entrySummary(dofs),
    relative: isDelta ? dofs.filter(({ state }) => state !== null).length : 0,
    resting: action === undefined ? 0 : dofs.filter((_, dof) => !changes(action, dof)).length,
  };
}

/** Problems that keep an episode out of use and no other. */
const ofEpisodes = [
  { code: "missing-video", what: "without a film" },
  { code: "malformed-episode", what: "with an entry that cannot be used" },
] as const satisfies readonly { readonly code: ProblemCode; readonly what: string }[];

function leftOut({ listedEpisodes, problems }: Dataset, { episodes }: RecipeDataset): string[] {
  if (episodes !== "all" && !("allBut" in episodes)) {
    const others = listedEpisodes - episodes.length;
    return others > 0 ? [`${others} not in the recipe's list`] : [];
  }
  const tables = problems.filter(({ code }) => code === "missing-episode-files").map(({ message }) => message);
  const others = ofEpisodes.flatMap(({ code, what }) => {
    const found = problems.filter((problem) => problem.code === code);
    return found.length === 0 ? [] : [`${found.length} ${what} (${said(found)})`];
  });
  return [...tables, ...others];
}

function said([first, ...others]: readonly DatasetProblem[]): string {
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return first === undefined ? "" : `${first.path}: ${first.message}${more}`;
}

function notesOf(
  { problems, notes }: Dataset,
  { drift, cutPrompts, filmNotes }: SampleFindings,
  isCut: boolean,
): string[] {
  const drifting = `timestamps of ${drift.episodes} episodes drift up to ${drift.seconds.toFixed(2)} s from the frame rate; frames are taken by index`;
  return [
    ...problems.filter(({ code }) => code === "missing-camera-files").map((problem) => said([problem])),
    ...notes.map(({ path, message }) => `${path}: ${message}`),
    ...filmNotes,
    ...(drift.episodes > 0 ? [drifting] : []),
    ...(isCut && cutPrompts > 0 ? [`prompts of ${cutPrompts} frames are cut`] : []),
  ];
}
