import type { Feature } from "./dataset.ts";

/** What has columns and cameras, by their keys. */
interface Featured {
  readonly features: ReadonlyMap<string, Feature>;
}

/** Number of entries of one row of a feature. */
export function featureWidth(feature: Feature): number {
  return feature.shape.reduce((product, size) => product * size, 1);
}

/** Whether a feature is a camera's. */
export function isCamera(feature: Feature): boolean {
  return feature.type === "video" || feature.type === "image";
}

/** Whether a feature is a column of numbers. */
export function isNumeric(feature: Feature): boolean {
  return /^(u?int|float|bool)/.test(feature.type);
}

/** Columns of numbers that hold the action, by their usual names. */
export function actionFeatures(dataset: Featured): Feature[] {
  return numericFeatures(dataset, /^actions?($|\.)/);
}

/** Columns of numbers that hold the state, by their usual names. */
export function stateFeatures(dataset: Featured): Feature[] {
  return numericFeatures(dataset, /^(observation\.)?state($|\.)/);
}

function numericFeatures({ features }: Featured, names: RegExp): Feature[] {
  return [...features.values()].filter((feature) => isNumeric(feature) && names.test(feature.key));
}
