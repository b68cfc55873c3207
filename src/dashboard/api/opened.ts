import { stat } from "node:fs/promises";
import { join } from "node:path";
import { latestCheckpoint } from "../../checkpoint/store.ts";
import { cacheFolder } from "../../dataset/cache.ts";
import { recipeFile } from "../../recipe/file.ts";
import { type OpenData, openData, type ShownDataset } from "../data/open-data.ts";
import { dataSubjectAt } from "../data/subject.ts";
import { ShownPolicy } from "../policy/shown-policy.ts";
import { RequestRefused } from "../refused.ts";
import type { Source, SourceFolders } from "../source.ts";

/** So many runs or datasets, and policies, stay open; the longest unused makes room. */
const most = { data: 4, policies: 2, answers: 64 } as const;

/** Something that is kept while what it was made from stays as it is. */
interface Kept<T> {
  readonly stamp: string;
  readonly value: Promise<T>;
}

/** What views have opened: datasets, policies, and what took long to compute. */
export class Opened {
  readonly #data = new Shelf<OpenData>(most.data, (data) => data.close());
  readonly #policies = new Shelf<ShownPolicy>(most.policies, (policy) => policy.close());
  readonly #answers = new Shelf<object>(most.answers, async () => {});

  /** The data of a run or dataset. @throws InputError as `dataSubjectAt` */
  async data(source: Source): Promise<OpenData> {
    return await this.#data.get(source.folder, await stampOf(source), () => openFolder(source.folder));
  }

  /** The policy of a run's newest checkpoint. @throws InputError as `ShownPolicy.open` */
  async policy(source: Source): Promise<ShownPolicy> {
    const newest = await latestCheckpoint(source.folder);
    return await this.#policies.get(source.folder, `${newest?.step}`, () => openPolicy(source.folder));
  }

  /** An answer of an address, computed once. */
  async answer<T extends object>(source: Source, address: string, compute: () => Promise<T>): Promise<object> {
    const newest = await latestCheckpoint(source.folder).catch(() => null);
    return await this.#answers.get(`${source.folder}\n${address}`, `${await stampOf(source)} ${newest?.step}`, compute);
  }

  async close(): Promise<void> {
    await Promise.all([this.#data.clear(), this.#policies.clear(), this.#answers.clear()]);
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

/** Promises by key, dropped where they fail, their stamp changes, or others need the room. */
class Shelf<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #most: number;
  readonly #drop: (value: T) => Promise<void>;

  constructor(most: number, drop: (value: T) => Promise<void>) {
    this.#most = most;
    this.#drop = drop;
  }

  async get<V extends T>(key: string, stamp: string, make: () => Promise<V>): Promise<T> {
    const known = this.#kept.get(key);
    if (known?.stamp === stamp) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return await known.value;
    }
    if (known !== undefined) await this.#remove(key);
    const made: Kept<T> = { stamp, value: make() };
    this.#kept.set(key, made);
    made.value.catch(() => {
      if (this.#kept.get(key) === made) this.#kept.delete(key);
    });
    for (const oldest of [...this.#kept.keys()].slice(0, -this.#most)) await this.#remove(oldest);
    return await made.value;
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((key) => this.#remove(key)));
  }

  async #remove(key: string): Promise<void> {
    const kept = this.#kept.get(key);
    this.#kept.delete(key);
    const value = await kept?.value.catch(() => undefined);
    if (value !== undefined) await this.#drop(value);
  }
}
