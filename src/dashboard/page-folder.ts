import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../make-folder.ts";

const here = import.meta.dirname;
const root = fileURLToPath(new URL("../..", import.meta.url));

/** What is built of the page's sources: the dashboard's page, and the page of a report, which is one file. */
const builds = { page: "vite.config.ts", report: "report/vite.config.ts" } as const;

/**
 * Folder of the built page. The package has it beside this module. A clone builds it from its sources where they have changed, which
 * takes a second and no network; its name holds a digest of them, and it appears whole or not at all.
 *
 * @param told before it is built
 */
export async function pageFolder(told: () => void): Promise<string> {
  return await builtFolder("page", told);
}

/** The same of a report's page: `report.html` in it. */
export async function reportFolder(told: () => void): Promise<string> {
  return await builtFolder("report", told);
}

async function builtFolder(name: keyof typeof builds, told: () => void): Promise<string> {
  if (extname(import.meta.filename) === ".js") return join(here, name);
  const own = join(root, ".armature", "page");
  const folder = join(own, `${await digestOfSources()}-${name}`);
  if (existsSync(folder)) return folder;
  told();
  await makeFolder(own);
  const unfinished = `${folder}.${process.pid}`;
  const { build } = await import("vite");
  await build({ configFile: join(here, builds[name]), logLevel: "error", build: { outDir: unfinished } });
  await rename(unfinished, folder).catch(async (error: unknown) => {
    // Another start has built the same meanwhile.
    if (!existsSync(folder)) throw error;
    await rm(unfinished, { recursive: true });
  });
  return folder;
}

/** The page's own sources, and those of the program that run in it as well: robots, and how a policy reads and acts. */
const sourceFolders = ["src", "client"] as const;

async function sourcesIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /(?<!\.test)\.(tsx?|css|html|svg)$/.test(entry.name));
  return files.map(({ parentPath, name }) => join(parentPath, name));
}

/** Of everything that the page may be built from. */
async function digestOfSources(): Promise<string> {
  const paths = (await Promise.all(sourceFolders.map(sourcesIn))).flat().sort();
  const hash = createHash("sha256");
  for (const path of [...paths, join(root, "package-lock.json")]) hash.update(path).update(await readFile(path));
  return hash.digest("hex").slice(0, 16);
}
