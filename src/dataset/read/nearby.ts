import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** How deep below a folder datasets are looked for, and how many folders are looked into. */
const deepest = 4;
const mostFolders = 2000;
const mostNamed = 3;

/** Where a dataset lies near a folder that is none, for the end of an error: below it, or above; else what the folder lacks. */
export async function elsewhere(root: string): Promise<string> {
  const found = await stat(root).catch(() => null);
  if (found === null) return "; there is no such folder";
  if (!found.isDirectory()) return "; it is a file: name the folder that holds meta/";
  const below = await datasetsBelow(root);
  if (below.length > 0) {
    const named = below.slice(0, mostNamed).join(", ");
    const more = below.length > mostNamed ? `, … (${below.length} in all)` : "";
    return `; meta/info.json lies in ${named}${more} below it: name that folder`;
  }
  const above = [dirname(resolve(root)), dirname(dirname(resolve(root)))];
  for (const folder of above)
    if (await holdsDataset(folder)) return `; meta/info.json lies in ${folder}, above it: name that folder`;
  return basename(resolve(root)) === "meta" ? "; name the folder that holds meta/" : "";
}

/** Folders with a dataset in them, nearest first, relative to `root`. */
async function datasetsBelow(root: string): Promise<string[]> {
  const found: string[] = [];
  let [level, looked] = [[""], 0];
  for (let depth = 0; depth < deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++looked > mostFolders) return found;
      const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (!entry.isDirectory() || entry.name.startsWith(".") || entry.name === "node_modules") continue;
        const own = join(folder, entry.name);
        if (await holdsDataset(join(root, own))) found.push(own);
        else next.push(own);
      }
    }
    level = next;
  }
  return found;
}

async function holdsDataset(folder: string): Promise<boolean> {
  return await stat(join(folder, "meta/info.json")).then(
    (found) => found.isFile(),
    () => false,
  );
}
