import { InputError } from "../input-error.ts";
import type { Embodiment, Entry } from "./embodiment.ts";

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
 * @throws InputError if members of a group differ in the width of action or state, or in what stands at a place of it
 */
export function normalizationGroups(members: readonly NormalizationMember[]): NormalizationGroup[] {
  const byName = new Map<string, number[]>();
  for (const [at, member] of members.entries()) {
    const name = normalizationGroupName(member);
    byName.set(name, [...(byName.get(name) ?? []), at]);
  }
  const problems = [...byName].flatMap(([name, own]) =>
    groupProblems(
      name,
      own.map((at) => members[at]!),
    ),
  );
  if (problems.length > 0) throw new InputError(problems.join("; "));
  return [...byName].map(([name, own]) => ({ name, members: own }));
}

function groupProblems(name: string, members: readonly NormalizationMember[]): string[] {
  const widths = widthProblems(name, members);
  return widths.length > 0 ? widths : entryProblems(name, members);
}

/** Statistics are pooled by place: entries that differ there are not one dof, whatever the robot is called. */
function entryProblems(name: string, [first, ...others]: readonly NormalizationMember[]): string[] {
  const problem = (
    what: string,
    entriesOf: (embodiment: Embodiment) => readonly Entry[],
    other: NormalizationMember,
  ) => {
    const [own, theirs] = [entriesOf(first!.embodiment), entriesOf(other.embodiment)];
    const differing = own.findIndex((entry, at) => !isOneEntry(entry, theirs[at]!));
    if (differing < 0) return [];
    const shown = (entries: readonly Entry[]) => entries.map((entry) => described(entry, own, theirs)).join(", ");
    const names = (entries: readonly Entry[]) =>
      entries
        .map((entry) => entry.name)
        .sort()
        .join();
    const cure =
      names(own) === names(theirs)
        ? `name the ${what}'s entries in one order in the mappings`
        : `name them alike in the mappings`;
    return [
      `normalisation group "${name}": expected the same ${what} entries at the same places, got ${shown(own)} in "${first!.dataset}" ` +
        `and ${shown(theirs)} in "${other.dataset}"; ${cure}, or give them different robot types or control modes`,
    ];
  };
  return others.flatMap((other) => [
    ...problem("action", ({ dofs }) => dofs, other),
    ...problem("state", ({ states }) => states, other),
  ]);
}

function isOneEntry(one: Entry, other: Entry): boolean {
  const areUnnamed = isUnnamed(one) && isUnnamed(other);
  const haveOneUnit = one.unit === other.unit || one.unit === "unknown" || other.unit === "unknown";
  return (one.name === other.name || areUnnamed) && haveOneUnit;
}

/** Named after its column and place, for want of a name: `action.3`. */
function isUnnamed({ name }: Entry): boolean {
  return /\.\d+$/.test(name);
}

/** With its unit where units are what differs. */
function described({ name, unit }: Entry, own: readonly Entry[], theirs: readonly Entry[]): string {
  return own.every((entry, at) => entry.name === theirs[at]!.name) ? `${name} (${unit})` : name;
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
