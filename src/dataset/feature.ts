import type { Feature } from "./dataset.ts";

/** What has columns and cameras, by their keys. */
interface Featured {
  readonly features: ReadonlyMap<string, Feature>;
}

/** Number of entries of one row of a feature. */
export function featureWidth(feature: Feature): number {
  return feature.shape.reduce((product, size) => product * size, 1);
}

/** The type of a camera whose pictures are distances, however they are stored. */
export const depthType = "depth";

/** The same of one whose pictures are films, as long as no choice of depth cameras has it. */
export const depthFilmType = "depth video";

/** Whether a feature is a camera's that sees colours. */
export function isCamera(feature: Feature): boolean {
  return feature.type === "video" || feature.type === "image";
}

/** Whether a feature is a column of numbers. */
export function isNumeric(feature: Feature): boolean {
  return /^(u?int|float|bool)/.test(feature.type);
}

/** Whether a column says of rows, or of the steps of a row, that they are no recording: LeRobot's `action_is_pad` and its kin. */
export function isPaddingMark({ key }: Feature): boolean {
  return /(^|[._])is_pad(ded)?$/.test(key);
}

/** Whether a padding mark is that of a column, or of all of them. */
export function marks(mark: Feature, { key }: Feature): boolean {
  const named = mark.key.replace(/[._]?is_pad(ded)?$/, "");
  return named === "" || named === key || `${named}s` === key || named === `${key}s`;
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
