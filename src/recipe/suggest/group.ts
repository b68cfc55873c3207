import type { Dataset } from "../../dataset/dataset.ts";
import {
  type NormalizationMember,
  normalizationGroupName,
  normalizationGroups,
} from "../../embodiment/normalization-group.ts";
import { InputError } from "../../input-error.ts";
import type { SuggestedMapping } from "./mapping.ts";
import { readAs } from "./unit.ts";

/** A mapping and the dataset that it is of. */
export interface MappedDataset extends SuggestedMapping {
  readonly dataset: Dataset;
}

/**
 * The mappings, where datasets name one robot type and other entries each under a robot type of its own: they cannot be normalised
 * with the same statistics.
 */
export function oneRobotEach(mapped: readonly MappedDataset[]): SuggestedMapping[] {
  const kept = new Map<string, NormalizationMember>();
  return mapped.map(({ dataset, mapping, notes }): SuggestedMapping => {
    const own = memberOf({ dataset, mapping, notes });
    const name = normalizationGroupName(own);
    const first = kept.get(name) ?? own;
    kept.set(name, first);
    if (areOneGroup([first, own])) return { mapping, notes };
    const { dofs, states } = first.embodiment;
    const read = { ...mapping, dofs: readAs(mapping.dofs, dofs), states: readAs(mapping.states, states) };
    if (areOneGroup([first, memberOf({ dataset, mapping: read, notes })])) {
      const text = `read in the units of "${first.dataset}", whose robot this is; recordedIn says what they are in this recording`;
      return { mapping: read, notes: [{ path: "dofs", text }, ...notes] };
    }
    const { robotType: stated } = own.embodiment;
    const text = `"${stated}" in its metadata, as in that of "${first.dataset}", which has other entries: its statistics are its own`;
    const robotType = `${stated} of ${dataset.name}`;
    return { mapping: { ...mapping, robotType }, notes: [{ path: "robotType", text }, ...notes] };
  });
}

function memberOf({ dataset, mapping }: MappedDataset): NormalizationMember {
  const { dofs, states, controlMode, prompt, target } = mapping;
  const robotType = mapping.robotType ?? dataset.robotType;
  const columns = { action: [], state: [], prompt };
  return { dataset: dataset.name, embodiment: { robotType, controlMode, dofs, states, cameras: [], columns, target } };
}

function areOneGroup(members: readonly NormalizationMember[]): boolean {
  try {
    normalizationGroups(members);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
