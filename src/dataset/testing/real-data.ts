import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DatasetChoice } from "../dataset.ts";

/** The real datasets that tests read where they are present. */
const folder = join(import.meta.dirname, "../../../../shared/data/real");

/** Whether they are. */
export const hasRealData = existsSync(join(folder, "gr1_pick_place/meta/info.json"));

/** The folder of one of them. */
export function realDataset(name: string): string {
  return join(folder, name);
}

/** A title that says why a suite is skipped. */
export function onRealData(title: string): string {
  return hasRealData ? title : `${title} (skipped: no real datasets in ${folder})`;
}

/** Everything there is of a dataset, nothing kept. */
export function everything(name: string): DatasetChoice {
  return { name, episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 };
}
