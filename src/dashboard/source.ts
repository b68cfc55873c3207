import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { InputError } from "../input-error.ts";
import { recipeFile } from "../recipe/file.ts";
import { eventFile } from "../training/event-log.ts";
import { RequestRefused } from "./refused.ts";

/** A folder that the dashboard reads. */
export interface Source {
  /** In addresses: the path below the folder that was given. */
  readonly name: string;
  /** Without links. */
  readonly folder: string;
  readonly kind: SourceKind;
}

export type SourceKind = "run" | "dataset";

/** Runs and datasets lie at most so many folders below one that is given, and at most so many folders are looked into. */
const deepest = 5;
const mostFolders = 4000;

/** Folders with nothing to show inside, some of them with very many. */
const closed = new Set(["node_modules", "checkpoints"]);

/** The runs and datasets at or below the folders that the user gave; nothing else of the disk is read. */
export class SourceFolders {
  /** Without links. */
  readonly #roots: readonly string[];

  private constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** @throws InputError where a folder is not there */
  static async open(paths: readonly string[]): Promise<SourceFolders> {
    const roots = await Promise.all(
      paths.map(async (path) => {
        const real = await realpath(path).catch(() => null);
        if (real !== null && (await lstat(real)).isDirectory()) return real;
        throw new InputError(
          `dashboard: expected a folder of runs or a dataset, got ${real === null ? "nothing" : "a file"} at ${path}`,
        );
      }),
    );
    return new SourceFolders([...new Set(roots)]);
  }

  /** Those that are there now: runs begin while the dashboard is open. */
  async list(kind: SourceKind): Promise<Source[]> {
    const found = new Map<string, Source>();
    for (const root of this.#roots) {
      for (const place of await this.#below(root)) {
        if (place.kind !== kind || [...found.values()].some(({ folder }) => folder === place.folder)) continue;
        const name = freeName(root, place.folder, found);
        found.set(name, { ...place, name });
      }
    }
    return [...found.values()].sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
  }

  /** @throws RequestRefused where there is none of that name */
  async get(kind: SourceKind, name: string): Promise<Source> {
    const found = (await this.list(kind)).find((one) => one.name === name);
    if (found === undefined) throw new RequestRefused(404, `expected a ${kind} of the folders given, got "${name}"`);
    return found;
  }

  /**
   * Path of a file of a source, without links; `null` where it is not there.
   *
   * @param path below the source's folder
   * @throws RequestRefused where it leads out of the folders that were given
   */
  async file({ folder }: Source, path: string): Promise<string | null> {
    const asked = join(folder, path);
    if (path.includes("\0") || !isWithin(asked, folder))
      throw new RequestRefused(403, `expected a path inside of its folder, got ${JSON.stringify(path)}`);
    const real = await realpath(asked).catch(() => null);
    if (real !== null && !this.#holds(real))
      throw new RequestRefused(403, `${path}: expected a file of the folders given, got a link that leads out of them`);
    return real;
  }

  /** The same path without links, where it lies within the folders that were given; `null` where it does not, or is not there. */
  async within(path: string): Promise<string | null> {
    const real = await realpath(path).catch(() => null);
    return real !== null && this.#holds(real) ? real : null;
  }

  #holds(real: string): boolean {
    return this.#roots.some((root) => isWithin(real, root));
  }

  async #below(root: string): Promise<Place[]> {
    const found: Place[] = [];
    const waiting = [{ folder: root, depth: 0 }];
    const known = new Set([root]);
    for (let seen = 0; seen < mostFolders; seen++) {
      const next = waiting.shift();
      if (next === undefined) break;
      const entries = await readdir(next.folder, { withFileTypes: true }).catch(() => []);
      const kind = await kindOf(next.folder, new Set(entries.map(({ name }) => name)));
      if (kind !== null) found.push({ folder: next.folder, kind });
      if (kind === "dataset" || next.depth >= deepest) continue;
      for (const entry of entries) {
        if (entry.name.startsWith(".") || closed.has(entry.name)) continue;
        const folder = await this.#folderAt(join(next.folder, entry.name), entry.isDirectory(), entry.isSymbolicLink());
        if (folder === null || known.has(folder)) continue;
        known.add(folder);
        waiting.push({ folder, depth: next.depth + 1 });
      }
    }
    return found;
  }

  /** A folder, or where a link leads to one that was given or lies below it. */
  async #folderAt(path: string, isFolder: boolean, isLink: boolean): Promise<string | null> {
    if (!isLink) return isFolder ? path : null;
    const real = await realpath(path).catch(() => null);
    if (real === null || !this.#holds(real)) return null;
    return (await lstat(real)).isDirectory() ? real : null;
  }
}

type Place = Omit<Source, "name">;

async function kindOf(folder: string, names: ReadonlySet<string>): Promise<SourceKind | null> {
  if (names.has(eventFile) || names.has(recipeFile)) return "run";
  if (!names.has("meta")) return null;
  const found = await lstat(join(folder, "meta/info.json")).catch(() => null);
  return found?.isFile() === true ? "dataset" : null;
}

function freeName(root: string, folder: string, taken: ReadonlyMap<string, Source>): string {
  const below = relative(root, folder).split(sep).join("/");
  const own = basename(root);
  const names = below === "" ? [own] : [below, `${own}/${below}`];
  const free = names.find((name) => !taken.has(name));
  if (free !== undefined) return free;
  let count = 2;
  while (taken.has(`${names.at(-1)}~${count}`)) count++;
  return `${names.at(-1)}~${count}`;
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !way.startsWith(sep));
}
