import { realpath } from "node:fs/promises";
import type { Dataset } from "../dataset/dataset.ts";
import { type EpisodeSpan, trimmed } from "../dataset/trimmed.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { embody, type Mapping } from "../embodiment/mapping.ts";
import { type NormalizationGroup, normalizationGroups } from "../embodiment/normalization-group.ts";
import { InputError } from "../input-error.ts";
import { copiedEpisodes, type InFolder, type RepeatedEpisodes } from "./copies.ts";
import { type Frames, frameCount, framesOf } from "./frames.ts";
import { movingSpans, type TrimIdle, type TrimmedCount, trimmedCount } from "./idle.ts";
import { type EpisodeChoice, episodesLeftOut, type OnProblem, openedEpisodes } from "./leave-out.ts";
import { type Role, sidesOf } from "./sides.ts";
import { type DatasetSource, openSource } from "./source.ts";
import type { StoredSplits } from "./split.ts";

/**
 * One dataset under one control mode, as a recipe lists it.
 *
 * A dataset that was recorded under several control modes is listed once for each, under the same name, with its episodes.
 */
export interface MixtureEntry {
  readonly name: string;
  readonly source: DatasetSource;
  readonly episodes: EpisodeChoice;
  /** Which frames at the ends of episodes are not used; where it is missing, every frame is. */
  readonly trimIdle?: TrimIdle | undefined;
  readonly mapping: Mapping;
  readonly role: Role;
  /** Sampling weight relative to the other entries; `null` in all entries means in proportion to their frames. */
  readonly weight: number | null;
  /** Share of the episodes held out where the role is "both". */
  readonly validationRatio: number;
}

/** The windows of actions of a policy. */
export interface ActionWindows {
  readonly steps: number;
  /** Steps per second; "native" takes the dataset's own frames. */
  readonly rate: number | "native";
}

/** What a mixture is made of. */
export interface MixtureDescription {
  readonly seed: number;
  /** The policy's camera views, in its order. */
  readonly views: readonly string[];
  readonly entries: readonly MixtureEntry[];
  /** Which frames are trained on: every one, or those whose action window ends inside the episode. */
  readonly windows: "every" | ActionWindows;
  /** For each entry: decoded pictures are kept up to this many bytes. */
  readonly pictureMemoryBytes: number;
  /** Where it is missing, episodes with problems are refused. */
  readonly onProblem?: OnProblem | undefined;
  /** Where it is missing, episodes that two datasets hold are refused. */
  readonly repeatedEpisodes?: RepeatedEpisodes | undefined;
}

/** An entry of a mixture whose dataset has been opened: plain data. */
export interface Member {
  /** Dataset and control mode: unique among members with training frames, and among those with held-out frames. */
  readonly name: string;
  readonly datasetName: string;
  readonly controlModeName: string;
  /** Provenance: index among the mixture's datasets and control modes. */
  readonly dataset: number;
  readonly controlMode: number;
  /** Index of its normalisation group. */
  readonly normalizationGroup: number;
  readonly source: DatasetSource;
  /** What is used of its episodes, where idle frames at their ends are trimmed; empty where they are used whole. */
  readonly spans: readonly EpisodeSpan[];
  readonly framesPerSecond: number;
  readonly embodiment: Embodiment;
  /** Share of the training draws; the shares add up to 1. */
  readonly share: number;
  readonly train: Frames;
  readonly validation: Frames;
}

/** Many datasets as one: plain data, the same in every worker and rank. */
export interface Mixture {
  readonly seed: number;
  readonly datasets: readonly string[];
  readonly controlModes: readonly string[];
  readonly normalizationGroups: readonly NormalizationGroup[];
  readonly members: readonly Member[];
}

/** A mixture and its datasets, one per member. */
export interface OpenMixture {
  readonly mixture: Mixture;
  readonly datasets: readonly Dataset[];
  /** Of each, why the recipe leaves episodes out that could be read, or that have problems. */
  readonly leftOut: readonly (readonly string[])[];
  /** Of each, how many frames were trimmed; `null` where the recipe trims none. */
  readonly trimmed: readonly (TrimmedCount | null)[];
  close(): Promise<void>;
}

/**
 * Opens every dataset of a mixture and decides which frames are trained on and which are held out.
 *
 * @throws InputError with every problem of every entry at once
 */
export async function openMixture(description: MixtureDescription): Promise<OpenMixture> {
  return await openMixtureAsSplit(description, new Map());
}

/**
 * The same with the episodes that a run trained on and held out, whatever its datasets have grown by since.
 *
 * @throws InputError as `openMixture`, and where an episode that was held out is no longer there
 */
export async function openMixtureAsSplit(description: MixtureDescription, splits: StoredSplits): Promise<OpenMixture> {
  const problems = [...entryProblems(description.entries)];
  const opened = await Promise.all(
    description.entries.map((entry) => openEntry(entry, { ...description, splits }, problems)),
  );
  const close = async () => {
    await Promise.all(opened.map((one) => one?.dataset.close()));
  };
  try {
    const complete = opened.filter((one) => one !== null);
    problems.push(...overlaps(complete));
    if (description.repeatedEpisodes !== "allow") problems.push(...(await copiedEpisodes(inFolders(complete))));
    if (problems.length > 0) throw new InputError(problems.join("; "));
    return {
      mixture: settle(description, complete),
      datasets: complete.map((one) => one.dataset),
      leftOut: complete.map((one) => one.leftOut),
      trimmed: complete.map((one) => one.trimmed),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function inFolders(opened: readonly OpenEntry[]): InFolder[] {
  return opened.flatMap(({ entry: { name }, folder, ...one }) => (folder === null ? [] : [{ name, folder, ...one }]));
}

interface OpenEntry {
  readonly entry: MixtureEntry;
  /** By its one true path; `null` where it is in no folder. */
  readonly folder: string | null;
  readonly dataset: Dataset;
  readonly embodiment: Embodiment;
  readonly leftOut: readonly string[];
  readonly spans: readonly EpisodeSpan[];
  readonly trimmed: TrimmedCount | null;
  readonly train: Frames;
  readonly validation: Frames;
}

async function openEntry(
  entry: MixtureEntry,
  { seed, views, windows, splits, ...how }: MixtureDescription & { readonly splits: StoredSplits },
  problems: string[],
): Promise<OpenEntry | null> {
  const { name, episodes, source, trimIdle = null } = entry;
  let dataset: Dataset | null = null;
  try {
    const { pictureMemoryBytes, onProblem = "refuse" } = how;
    dataset = await openSource(source, { name, episodes: openedEpisodes(episodes), pictureMemoryBytes });
    const embodiment = embody(entry.mapping, dataset, views);
    const left = await episodesLeftOut(dataset, embodiment, { choice: episodes, onProblem, trimIdle });
    if (left.episodes.length > 0) {
      const kept = dataset.episodes.map(({ index }) => index).filter((index) => !left.episodes.includes(index));
      await dataset.close();
      dataset = await openSource(source, { name, episodes: kept, pictureMemoryBytes });
    }
    const spans = trimIdle === null ? [] : await movingSpans(dataset, embodiment, trimIdle);
    const cutOff = trimIdle === null ? null : trimmedCount(dataset, spans);
    dataset = trimmed(dataset, spans);
    const stored = splits.get(memberName(name, embodiment.controlMode)) ?? null;
    const { train, validation } = sidesOf(entry, dataset.episodes, { seed, stored });
    const pastEnd = windows === "every" ? 0 : framesPastTheFirst(windows, dataset.framesPerSecond);
    const folder = source.kind === "lerobot" ? await realpath(dataset.root) : null;
    const sides = { train: framesOf(train, pastEnd), validation: framesOf(validation, 0) };
    return { entry, folder, dataset, embodiment, leftOut: left.reasons, spans, trimmed: cutOff, ...sides };
  } catch (error) {
    await dataset?.close();
    if (!(error instanceof InputError)) throw error;
    problems.push(error.message);
    return null;
  }
}

/** How far a window of actions reaches past its first frame. */
function framesPastTheFirst({ steps, rate }: ActionWindows, framesPerSecond: number): number {
  // A window of 0.1 s at 30 frames per second reaches 3 frames, not 3.0000000000000004.
  return Math.ceil(((steps - 1) * framesPerSecond) / (rate === "native" ? framesPerSecond : rate) - 1e-6);
}

function settle({ seed, entries }: MixtureDescription, opened: readonly OpenEntry[]): Mixture {
  const datasets = [...new Set(opened.map(({ entry }) => entry.name))];
  const controlModes = [...new Set(opened.map(({ embodiment }) => embodiment.controlMode))];
  const found = normalizationGroups(opened.map(({ entry, embodiment }) => ({ dataset: entry.name, embodiment })));
  const weights = opened.map(({ entry, train }) => entry.weight ?? frameCount(train));
  const total = opened.reduce((sum, { train }, at) => sum + (frameCount(train) > 0 ? weights[at]! : 0), 0);
  if (total === 0) throw new InputError(`mixture: expected frames to train on, got none in ${entries.length} entries`);
  const members = opened.map(({ entry, dataset, embodiment, spans, train, validation }, at): Member => {
    const { name, source } = entry;
    return {
      name: memberName(name, embodiment.controlMode),
      datasetName: name,
      controlModeName: embodiment.controlMode,
      dataset: datasets.indexOf(name),
      controlMode: controlModes.indexOf(embodiment.controlMode),
      normalizationGroup: found.findIndex((group) => group.members.includes(at)),
      source: source.kind === "lerobot" ? { ...source, location: dataset.root } : source,
      spans,
      framesPerSecond: dataset.framesPerSecond,
      embodiment,
      share: frameCount(train) > 0 ? weights[at]! / total : 0,
      train,
      validation,
    };
  });
  return { seed, datasets, controlModes, normalizationGroups: found, members };
}

function memberName(dataset: string, controlMode: string): string {
  return `${dataset} / ${controlMode}`;
}

function* entryProblems(entries: readonly MixtureEntry[]): Generator<string> {
  if (entries.length === 0) yield "mixture: expected at least one dataset, got none";
  const teaching = entries.filter((entry) => entry.role !== "validation");
  const weighted = teaching.filter((entry) => entry.weight !== null);
  if (weighted.length > 0 && weighted.length < teaching.length)
    yield `mixture: expected a weight in all entries or in none, got ${weighted.length} of ${teaching.length}`;
  for (const { name, weight, role } of entries) {
    if (weight !== null && !(weight > 0 && Number.isFinite(weight)))
      yield `dataset "${name}": expected a weight above 0, got ${weight}`;
    if (weight !== null && role === "validation")
      yield `dataset "${name}": held out, so expected no weight, got ${weight}; set it to null`;
  }
  for (const [name, namesakes] of Map.groupBy(entries, (entry) => entry.name))
    if (new Set(namesakes.map(({ source }) => JSON.stringify(source))).size > 1)
      yield `dataset "${name}": expected one source for a name, got ${namesakes.length}; give them different names`;
}

/** Episodes that stand in two entries, and pairs of entries that provenance could not tell apart. */
function* overlaps(opened: readonly OpenEntry[]): Generator<string> {
  for (const [at, one] of opened.entries())
    for (const other of opened.slice(at + 1)) {
      const isOneFolder = one.folder !== null && one.folder === other.folder;
      if (one.entry.name !== other.entry.name && !isOneFolder) continue;
      const shared = one.dataset.episodes.filter(({ index }) =>
        other.dataset.episodes.some((episode) => episode.index === index),
      );
      if (one.entry.name !== other.entry.name) {
        if (shared.length > 0)
          yield `datasets "${one.entry.name}" and "${other.entry.name}": expected different data, got ${one.folder} for both, ` +
            `with ${shared.length} of its episodes in each, first ${shared[0]!.index}; list it once`;
        continue;
      }
      const name = memberName(one.entry.name, one.embodiment.controlMode);
      if (shared.length > 0)
        yield `dataset "${one.entry.name}": ${shared.length} episodes stand in two entries, first ${shared[0]!.index}`;
      else if (one.embodiment.controlMode === other.embodiment.controlMode && haveSameSide(one, other))
        yield `dataset "${name}": listed twice for the same side; put its episodes into one entry`;
    }
}

function haveSameSide(one: OpenEntry, other: OpenEntry): boolean {
  const both = (side: (entry: OpenEntry) => Frames) => frameCount(side(one)) > 0 && frameCount(side(other)) > 0;
  return both((entry) => entry.train) || both((entry) => entry.validation);
}
