import { isCamera } from "../../dataset/feature.ts";
import type { Entry } from "../../embodiment/embodiment.ts";
import { ownUnit } from "../../embodiment/unit.ts";
import { frameCount } from "../../mixture/frames.ts";
import type { OpenData, ShownDataset } from "./open-data.ts";

/** An entry of a vector. */
export interface EntryJson {
  readonly name: string;
  /** Of the recorded numbers. */
  readonly unit: string;
  readonly part: string;
  readonly kind: Entry["kind"];
  readonly slot: number;
}

export interface CameraJson {
  readonly key: string;
  /** The policy's view that it is read as; `null` where no policy reads it. */
  readonly view: string | null;
}

/** How an episode is used. */
export type EpisodeSide = "train" | "held out" | "not used";

export interface EpisodeJson {
  readonly episode: number;
  /** Rows. */
  readonly length: number;
  readonly side: EpisodeSide;
}

/** One dataset, without a look at its rows. */
export interface DatasetJson {
  readonly name: string;
  readonly controlMode: string;
  readonly robotType: string;
  readonly version: string | null;
  readonly framesPerSecond: number;
  readonly listedEpisodes: number;
  readonly rows: number;
  readonly trainRows: number;
  readonly heldOutRows: number;
  readonly episodes: readonly EpisodeJson[];
  readonly dofs: readonly EntryJson[];
  readonly states: readonly EntryJson[];
  readonly cameras: readonly CameraJson[];
  /** Cameras that the metadata declare and that have no files. */
  readonly absentCameras: readonly string[];
  readonly canNormalize: boolean;
  readonly problem: string | null;
}

export interface DataJson {
  /** Of the recipe; `null` where there is none. */
  readonly recipe: string | null;
  /** Why it does not train as it is; `null` where it does. */
  readonly problem: string | null;
  readonly datasets: readonly DatasetJson[];
}

/** What there is to be looked at. */
export function dataJson({ recipe, problem, datasets }: OpenData): DataJson {
  return { recipe: recipe?.name ?? null, problem, datasets: datasets.map(datasetJson) };
}

/** The entries of a vector, as they are named and measured. */
export function entriesJson(entries: readonly Entry[]): EntryJson[] {
  return entries.map((entry) => {
    const { name, part, kind, slot } = entry;
    return { name, unit: ownUnit(entry), part, kind, slot };
  });
}

/** How an episode is used. */
export function sideOfEpisode({ member }: Pick<ShownDataset, "member">, episode: number): EpisodeSide {
  if (member?.train.episodes.includes(episode)) return "train";
  return member?.validation.episodes.includes(episode) ? "held out" : "not used";
}

function datasetJson(shown: ShownDataset): DatasetJson {
  const { name, controlMode, dataset, embodiment, member, problem } = shown;
  const episodes = (dataset?.episodes ?? []).map(({ index, length }): EpisodeJson => {
    return { episode: index, length, side: sideOfEpisode(shown, index) };
  });
  return {
    name,
    controlMode,
    robotType: embodiment?.robotType ?? dataset?.robotType ?? "",
    version: dataset?.version ?? null,
    framesPerSecond: dataset?.framesPerSecond ?? 0,
    listedEpisodes: dataset?.listedEpisodes ?? 0,
    rows: episodes.reduce((sum, { length }) => sum + length, 0),
    trainRows: member === null ? 0 : frameCount(member.train),
    heldOutRows: member === null ? 0 : frameCount(member.validation),
    episodes,
    dofs: entriesJson(embodiment?.dofs ?? []),
    states: entriesJson(embodiment?.states ?? []),
    cameras: camerasJson(shown),
    absentCameras: absentOf(shown),
    canNormalize: shown.units !== null,
    problem,
  };
}

/** Those that a policy reads first, in its order. */
function camerasJson({ dataset, embodiment }: ShownDataset): CameraJson[] {
  const read = (embodiment?.cameras ?? []).flatMap(({ view, key }) => (key === null ? [] : [{ key, view }]));
  const others = (dataset?.cameras ?? []).filter((key) => read.every((camera) => camera.key !== key));
  return [...read, ...others.map((key) => ({ key, view: null }))];
}

function absentOf({ dataset }: ShownDataset): string[] {
  if (dataset === null) return [];
  const declared = [...dataset.features.values()].filter(isCamera).map(({ key }) => key);
  return [...new Set([...dataset.absentCameras, ...declared])].filter((key) => !dataset.cameras.includes(key));
}
