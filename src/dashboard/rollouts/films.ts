import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { RequestRefused } from "../refused.ts";
import type { Source, SourceFolders } from "../source.ts";

/** A film of a run, as `armature rollout --video` and the demo write them. */
export interface RunFilmJson {
  /** Below the folder of films. */
  readonly name: string;
  /** The simulated robot. */
  readonly robot: string;
  readonly episode: number;
  /** The folder that it lies in, "trained": whose film it is. */
  readonly label: string;
}

/** So many films are listed. */
const most = 200;

/** The films in the folder `films` of a run, or beside a run that the demo made. */
export async function filmsOf(sources: SourceFolders, source: Source): Promise<RunFilmJson[]> {
  const folder = await filmFolder(sources, source);
  if (folder === null) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join("/"))
    .flatMap(filmNamed)
    .sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }))
    .slice(0, most);
}

/** The mp4 of a film that `filmsOf` lists. @throws RequestRefused where it lists none of that name */
export async function filmBytes(sources: SourceFolders, source: Source, name: string): Promise<Uint8Array> {
  const folder = await filmFolder(sources, source);
  const isListed = (await filmsOf(sources, source)).some((film) => film.name === name);
  if (folder === null || !isListed)
    throw new RequestRefused(404, `expected a film of the run ${source.name}, got ${JSON.stringify(name)}`);
  return await readFile(join(folder, ...name.split("/")));
}

function filmNamed(name: string): RunFilmJson[] {
  const found = /^(?:(.*)\/)?([a-z]+)-(\d+)\.mp4$/.exec(name);
  if (found === null) return [];
  const [, label = "", robot = "", episode = ""] = found;
  return [{ name, robot, episode: Number(episode), label }];
}

/** The demo puts its films beside its run. A link that leads out of the folders given is none. */
async function filmFolder(sources: SourceFolders, source: Source): Promise<string | null> {
  const own = await sources.within(join(source.folder, "films"));
  if (own !== null || basename(source.folder) !== "run") return own;
  return await sources.within(join(dirname(source.folder), "films"));
}
