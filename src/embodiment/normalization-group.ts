import { InputError } from "../input-error.ts";
import type { Embodiment } from "./embodiment.ts";

/** A dataset under one embodiment: what is sorted into normalisation groups. */
export interface NormalizationMember {
  readonly dataset: string;
  readonly embodiment: Embodiment;
}

/** Datasets of one robot under one control mode: they are normalised with the same statistics. */
export interface NormalizationGroup {
  readonly name: string;
  /** Indices of its members. */
  readonly members: readonly number[];
}

/**
 * The group that a dataset belongs to: its robot type and control mode; where the robot type is unknown, the dataset itself.
 *
 * @source OpenTau `dataset_mixture.py` `compute_norm_key`
 */
export function normalizationGroupName({ dataset, embodiment }: NormalizationMember): string {
  const robotType = embodiment.robotType.trim();
  const isKnown = robotType !== "" && robotType.toLowerCase() !== "unknown";
  return `${isKnown ? robotType : `dataset ${dataset}`} / ${embodiment.controlMode}`;
}

/**
 * The normalisation groups of a mixture, in order of first appearance.
 *
 * @throws InputError if members of a group differ in the width of action or state
 */
export function normalizationGroups(members: readonly NormalizationMember[]): NormalizationGroup[] {
  const byName = new Map<string, number[]>();
  for (const [at, member] of members.entries()) {
    const name = normalizationGroupName(member);
    byName.set(name, [...(byName.get(name) ?? []), at]);
  }
  const problems = [...byName].flatMap(([name, own]) =>
    widthProblems(
      name,
      own.map((at) => members[at]!),
    ),
  );
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return [...byName].map(([name, own]) => ({ name, members: own }));
}

function widthProblems(name: string, members: readonly NormalizationMember[]): string[] {
  const problem = (what: string, width: (embodiment: Embodiment) => number) => {
    const sizes = members.map(({ dataset, embodiment }) => `"${dataset}" has ${width(embodiment)}`);
    const isOneWidth = new Set(members.map(({ embodiment }) => width(embodiment))).size === 1;
    const remedy = "give them different robot types or control modes";
    return isOneWidth
      ? []
      : [`normalisation group "${name}": expected one ${what} width, got ${sizes.join(", ")}; ${remedy}`];
  };
  return [
    ...problem("action", (embodiment) => embodiment.dofs.length),
    ...problem("state", (embodiment) => embodiment.states.length),
  ];
}
