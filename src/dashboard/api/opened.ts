import { stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../cache-folder.ts";
import { latestCheckpoint } from "../../checkpoint/store.ts";
import { recipeFile } from "../../recipe/file.ts";
import { type OpenData, openData, type ShownDataset } from "../data/open-data.ts";
import { dataSubjectAt } from "../data/subject.ts";
import { ShownPolicy } from "../policy/shown-policy.ts";
import { RequestRefused } from "../refused.ts";
import { type PlayedChoice, type PlayedFilms, playRun } from "../rollouts/played.ts";
import type { Source, SourceFolders } from "../source.ts";
import { Shelf } from "./shelf.ts";

/** So many runs or datasets, and policies, stay open; the longest unused makes room. */
const most = { data: 4, policies: 2, answers: 64, played: 8 } as const;

/** What views have opened: datasets, policies, and what took long to compute. What is in use stays open until it no longer is. */
export class Opened {
  readonly #data = new Shelf<OpenData>({ most: most.data, close: (data) => data.close() });
  readonly #policies = new Shelf<ShownPolicy>({ most: most.policies, close: (policy) => policy.close() });
  readonly #answers = new Shelf<object>({ most: most.answers, close: async () => {} });
  readonly #played = new Shelf<PlayedFilms>({ most: most.played, close: async () => {} });

  /** Reads the data of a run or dataset. @throws InputError as `dataSubjectAt` */
  async withData<R>(source: Source, work: (data: OpenData) => Promise<R>): Promise<R> {
    const place = { key: source.folder, stamp: await stampOf(source) };
    return await this.#data.use(place, () => openFolder(source.folder), work);
  }

  /** Asks the policy of a run's newest checkpoint. @throws InputError as `ShownPolicy.open` */
  async withPolicy<R>(source: Source, work: (policy: ShownPolicy) => Promise<R>): Promise<R> {
    const newest = await latestCheckpoint(source.folder);
    const place = { key: source.folder, stamp: `${newest?.step}` };
    return await this.#policies.use(place, () => openPolicy(source.folder), work);
  }

  /** An answer of an address, computed once. */
  async answer<T extends object>(source: Source, address: string, compute: () => Promise<T>): Promise<object> {
    const newest = await latestCheckpoint(source.folder).catch(() => null);
    const place = { key: `${source.folder}\n${address}`, stamp: `${await stampOf(source)} ${newest?.step}` };
    return await this.#answers.use(place, compute, async (found) => found);
  }

  /** The rollouts of a run's newest checkpoint at some starts, computed once. @throws InputError as `playRun` */
  async played(source: Source, choice: PlayedChoice): Promise<PlayedFilms> {
    const newest = await latestCheckpoint(source.folder);
    const place = { key: `${source.folder}\n${JSON.stringify(choice)}`, stamp: `${newest?.step}` };
    const play = () => playRun(source.folder, choice);
    return await this.#played.use(place, play, async (found) => found);
  }

  async close(): Promise<void> {
    const shelves = [this.#data, this.#policies, this.#answers, this.#played];
    await Promise.all(shelves.map((shelf) => shelf.clear()));
  }
}

async function openFolder(folder: string): Promise<OpenData> {
  return await openData(await dataSubjectAt(folder), cacheFolder("statistics"));
}

/** A policy has its datasets to itself: they stay open as long as it does. */
async function openPolicy(run: string): Promise<ShownPolicy> {
  const data = await openFolder(run);
  return await ShownPolicy.open(run, data).catch(async (error: unknown) => {
    await data.close();
    throw error;
  });
}

const opened = new WeakMap<SourceFolders, Opened>();

/** What is open of the folders of a dashboard. */
export function openedIn(sources: SourceFolders): Opened {
  const found = opened.get(sources) ?? new Opened();
  opened.set(sources, found);
  return found;
}

/** The dataset of an address. @throws RequestRefused where there is none of that number */
export function shownAt({ datasets }: OpenData, number: number): ShownDataset {
  const found = datasets[number];
  if (found === undefined)
    throw new RequestRefused(404, `expected one of ${datasets.length} datasets, counted from 0, got ${number}`);
  return found;
}

/** Changes where what is read of a source does: statistics are those of the first checkpoint, once there is one. */
async function stampOf({ folder, kind }: Source): Promise<string> {
  const file = join(folder, kind === "run" ? recipeFile : "meta/info.json");
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
  const hasWeights = kind === "run" && (await latestCheckpoint(folder).catch(() => null)) !== null;
  return `${mtimeMs} ${hasWeights}`;
}
