import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Dataset } from "../dataset/dataset.ts";
import { InputError } from "../input-error.ts";
import type { PolicySizeName } from "../policy/size.ts";
import type { VariantName } from "../policy/variant.ts";
import type { LookedAt, Suggestion } from "../recipe/suggest/recipe.ts";
import type { Screen } from "./terminal.ts";
import { watched } from "./watched.ts";

/** What a recipe is suggested for. */
export interface SuggestionRequest {
  /** Folders, or `hf://owner/name[@revision]`. */
  readonly datasets: readonly string[];
  readonly variant: VariantName;
  readonly size: PolicySizeName;
}

/** A suggestion, and the datasets that it is for; they have been closed. */
export interface Suggested extends Suggestion {
  readonly datasets: readonly Dataset[];
}

/** Whether a word of the command line is a dataset: an address on the hub, or a folder with the metadata of one. */
export function isDataset(word: string): boolean {
  return word.startsWith(hub) || existsSync(join(word, "meta"));
}

/** What a word that is no dataset is, and where the metadata of one lies near it. */
export async function gotInstead(word: string): Promise<string> {
  const { elsewhere } = await import("../dataset/read/nearby.ts");
  return existsSync(word) ? `none${await elsewhere(word)}` : "nothing there";
}

/**
 * Opens datasets, reads their rows, and suggests a recipe for this machine.
 *
 * @param screen where progress is shown
 * @throws InputError where something is no dataset, or cannot be trained on as it is
 */
export async function suggestFor({ datasets, variant, size }: SuggestionRequest, screen: Screen): Promise<Suggested> {
  const { suggestRecipe } = await import("../recipe/suggest/recipe.ts");
  const { thisMachine } = await import("../recipe/suggest/machine.ts");
  for (const word of datasets)
    if (!isDataset(word))
      throw new InputError(
        `${word}: expected a LeRobot dataset (a folder with meta/info.json) or hf://owner/name, got ${await gotInstead(word)}`,
      );
  const root = commonFolder(datasets.filter((word) => !word.startsWith(hub)).map((word) => dirname(resolve(word))));
  const machine = thisMachine();
  const found: LookedAt[] = [];
  try {
    for (const [at, name] of namesOf(datasets).entries()) found.push(await look(datasets[at]!, { name, root }, screen));
    const suggestion = await suggestRecipe(found, { root, variant, size, machine });
    return { ...suggestion, datasets: found.map(({ dataset }) => dataset) };
  } finally {
    await Promise.all(found.map(({ dataset }) => dataset.close()));
  }
}

const hub = "hf://";

async function look(
  word: string,
  { name, root }: { readonly name: string; readonly root: string },
  screen: Screen,
): Promise<LookedAt> {
  const { resolveRoot } = await import("../dataset/read/hub.ts");
  const { openDataset } = await import("../dataset/read/open.ts");
  const { lookThrough } = await import("../recipe/suggest/look.ts");
  const { vectorKeys } = await import("../recipe/suggest/mapping.ts");
  const fetching = { screen, label: `fetch ${word}`, unit: "file" };
  const folder = await watched(fetching, (seen) => resolveRoot(word, seen));
  const dataset = await openDataset(folder, {
    name,
    episodes: "all",
    taskAnnotation: "declared",
    pictureMemoryBytes: 0,
  });
  try {
    const looking = { screen, label: `read ${name}`, unit: "episode" };
    const rows = await watched(looking, (seen) => lookThrough(dataset, vectorKeys(dataset), seen));
    return { dataset, location: word.startsWith(hub) ? word : relative(root, resolve(word)), rows };
  } catch (error) {
    await dataset.close();
    throw error;
  }
}

/** A name for each dataset: its folder's, with a number where two folders have one. */
function namesOf(datasets: readonly string[]): string[] {
  const plain = datasets.map((word) =>
    word.startsWith(hub) ? basename(word.split("@")[0] ?? word) : basename(resolve(word)),
  );
  return plain.map((name, at) => {
    const before = plain.slice(0, at).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}

/** The deepest folder that holds all of them; where the command runs if there is none. */
function commonFolder(folders: readonly string[]): string {
  const [first = resolve("."), ...others] = folders;
  const holds = (folder: string) =>
    others.every((other) => `${other}${sep}`.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`));
  let folder = first;
  while (!holds(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}
