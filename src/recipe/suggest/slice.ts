import type { Dataset, Feature, VectorSlice } from "../../dataset/dataset.ts";
import { actionFeatures, featureWidth, isNumeric } from "../../dataset/feature.ts";
import type { Note } from "./note.ts";

/** A column whole, or the part of it that the dataset has a name for. */
export interface VectorPart {
  readonly feature: Feature;
  /** `null` for a whole column. */
  readonly slice: Pick<VectorSlice, "part" | "start" | "end"> | null;
}

/** Columns that make up a vector, and what was guessed of them. */
export interface SuggestedParts {
  readonly parts: readonly VectorPart[];
  readonly notes: readonly Note[];
}

/** Number of entries of a part. */
export function partWidth({ feature, slice }: VectorPart): number {
  return slice === null ? featureWidth(feature) : slice.end - slice.start;
}

/**
 * The parts of the action or the state that `modality.json` names; `null` where it names none, or what its columns do not hold.
 *
 * A part of the state that is said to lie in a column of actions would tell a policy its answer: it is taken from the state at the
 * same place.
 */
export function declaredParts(dataset: Dataset, vector: "action" | "state"): SuggestedParts | null {
  const declared = dataset.modality[vector];
  if (declared.length === 0) return null;
  const answers = vector === "state" ? actionFeatures(dataset).map(({ key }) => key) : [];
  const misread = declared.filter(({ key }) => answers.includes(key));
  const parts = declared.map((slice): VectorPart | null => {
    const key = misread.includes(slice) ? "observation.state" : slice.key;
    const feature = dataset.features.get(key);
    const fits =
      feature !== undefined && isNumeric(feature) && slice.start < slice.end && slice.end <= featureWidth(feature);
    return fits ? { feature, slice } : null;
  });
  const whole = parts.filter((part) => part !== null);
  const note = (text: string): Note => ({ path: vector, text });
  if (whole.length < parts.length || areOverlapping(whole)) return null;
  const left = leftOver(whole);
  return {
    parts: whole,
    notes: [
      note(`parts as modality.json names them: ${declared.map(({ part }) => part).join(", ")}`),
      ...misread.map(({ part, key }) =>
        note(`modality.json has ${part} in "${key}", which is the answer: taken from observation.state`),
      ),
      ...(left.length === 0 ? [] : [note(`in no part of modality.json, and left out: ${left.join(", ")}`)]),
    ],
  };
}

function areOverlapping(parts: readonly VectorPart[]): boolean {
  const cells = parts.flatMap((part) => cellsOf(part));
  return new Set(cells).size < cells.length;
}

/** Entries of the columns that no part has: `action 3, 4`. */
function leftOver(parts: readonly VectorPart[]): string[] {
  const taken = new Set(parts.flatMap(cellsOf));
  const features = [...new Set(parts.map(({ feature }) => feature))];
  return features.flatMap((feature) => cellsOf({ feature, slice: null }).filter((cell) => !taken.has(cell)));
}

function cellsOf(part: VectorPart): string[] {
  const start = part.slice?.start ?? 0;
  return Array.from({ length: partWidth(part) }, (_, at) => `${part.feature.key}.${start + at}`);
}
