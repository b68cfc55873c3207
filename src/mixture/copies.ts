import { createHash } from "node:crypto";
import type { Dataset, Episode } from "../dataset/dataset.ts";
import { featureWidth } from "../dataset/feature.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { InputError } from "../input-error.ts";

/** What becomes of episodes that datasets of a recipe hold under two names or numbers: they are refused, or allowed to be on both sides of the split. */
export type RepeatedEpisodes = "refuse" | "allow";

/** A dataset of a mixture that lies in a folder. */
export interface InFolder {
  readonly name: string;
  readonly folder: string;
  readonly dataset: Dataset;
  readonly embodiment: Embodiment;
}

/**
 * Datasets that hold the same episodes, in different folders or under two numbers: what is held out would be trained on.
 *
 * Episodes of one length are compared by the numbers of the columns that both entries read, whole. Where nothing moves, numbers do not
 * tell two recordings apart.
 */
export async function copiedEpisodes(inFolders: readonly InFolder[]): Promise<string[]> {
  const problems: string[] = [];
  const known = new Map<string, Promise<string | null>>();
  for (const one of inFolders) problems.push(...(await copiedWithin(one, known)));
  for (const [at, one] of inFolders.entries())
    for (const other of inFolders.slice(at + 1)) {
      if (one.name === other.name || one.folder === other.folder) continue;
      const pairs = await samePairs(one, other, { keys: sharedColumns(one, other), known });
      const [first] = pairs;
      if (first === undefined) continue;
      problems.push(
        `datasets "${one.name}" and "${other.name}": expected different data, got ${pairs.length} episodes in both, first episode ${first[0]} of ` +
          `${one.folder} as episode ${first[1]} of ${other.folder}, and what one holds out the other would train on; ` +
          'list them once, or say data.repeatedEpisodes: "allow"',
      );
    }
  return problems;
}

/** An episode of a dataset that stands in it again under another number, as where a dataset was merged into itself. */
async function copiedWithin(one: InFolder, known: Comparison["known"]): Promise<string[]> {
  const keys = columnsOf(one);
  const alike = Map.groupBy(one.dataset.episodes, ({ length }) => length);
  const pairs: (readonly [number, number])[] = [];
  for (const episodes of alike.values()) {
    if (episodes.length < 2) continue;
    const first = new Map<string, number>();
    for (const { index } of episodes) {
      const digest = await digestOf(one, index, { keys, known });
      if (digest === null) continue;
      const twin = first.get(digest);
      if (twin === undefined) first.set(digest, index);
      else pairs.push([twin, index]);
    }
  }
  const [pair] = pairs;
  if (pair === undefined) return [];
  const again = pairs.map(([, index]) => index).sort((left, right) => left - right);
  return [
    `dataset "${one.name}": expected each episode once, got the numbers of ${pairs.length} again under another index, first episode ${pair[0]} as ` +
      `episode ${pair[1]}, and what one holds out the other would train on; leave the copies out by episodes: { allBut: [${again.join(", ")}] }, ` +
      'or say data.repeatedEpisodes: "allow"',
  ];
}

/** Columns of actions and states that both read, where both have them at one width and one rate. */
function sharedColumns(one: InFolder, other: InFolder): string[] {
  if (one.dataset.framesPerSecond !== other.dataset.framesPerSecond) return [];
  const widthOf = ({ dataset }: InFolder, key: string) => featureWidth(dataset.features.get(key)!);
  const theirs = columnsOf(other);
  return columnsOf(one).filter((key) => theirs.includes(key) && widthOf(one, key) === widthOf(other, key));
}

function columnsOf({ embodiment: { columns } }: InFolder): string[] {
  return [...new Set([...columns.action, ...columns.state].map(({ key }) => key))];
}

interface Comparison {
  readonly keys: readonly string[];
  readonly known: Map<string, Promise<string | null>>;
}

/** Episodes of the two that are the same, by index in each. */
async function samePairs(one: InFolder, other: InFolder, how: Comparison): Promise<(readonly [number, number])[]> {
  const lengths = lengthsOf(one).intersection(lengthsOf(other));
  const asLong = ({ length }: Episode) => lengths.has(length);
  const theirs = new Map<string | null, number>();
  for (const { index } of other.dataset.episodes.filter(asLong)) {
    const digest = await digestOf(other, index, how);
    if (!theirs.has(digest)) theirs.set(digest, index);
  }
  const pairs: (readonly [number, number])[] = [];
  for (const { index } of one.dataset.episodes.filter(asLong)) {
    const digest = await digestOf(one, index, how);
    const twin = digest === null ? undefined : theirs.get(digest);
    if (twin !== undefined) pairs.push([index, twin]);
  }
  return pairs;
}

function lengthsOf({ dataset }: InFolder): Set<number> {
  return new Set(dataset.episodes.map(({ length }) => length));
}

function digestOf({ name, dataset }: InFolder, episode: number, { keys, known }: Comparison): Promise<string | null> {
  const key = JSON.stringify([name, episode, keys]);
  const found = known.get(key) ?? digest(dataset, episode, keys);
  known.set(key, found);
  return found;
}

/** `null` where nothing is compared, nothing moves, or the rows cannot be read, which is told elsewhere. */
async function digest(dataset: Dataset, episode: number, keys: readonly string[]): Promise<string | null> {
  if (keys.length === 0) return null;
  try {
    const table = await dataset.table(episode);
    const hash = createHash("sha256");
    let moves = false;
    for (const key of keys) {
      const { cells } = table.vector(key);
      const width = cells.length / table.length;
      moves ||= cells.some((value, at) => value !== cells[at % width]);
      hash.update(cells);
    }
    return moves ? hash.digest("hex") : null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}
