import { InputError } from "../input-error.ts";
import type { Embodiment } from "./embodiment.ts";

/** A dataset's share in a head. */
export interface HeadMember {
  readonly dataset: string;
  readonly embodiment: Embodiment;
}

/** One set of statistics, shared by every dataset of a robot under a control mode. */
export interface Head {
  readonly name: string;
  /** Indices of its members. */
  readonly members: readonly number[];
}

/**
 * The head that a dataset belongs to: its robot type and control mode; where no one knows the robot, the dataset's own.
 *
 * @source OpenTau `dataset_mixture.py` `compute_norm_key`
 */
export function headName({ dataset, embodiment }: HeadMember): string {
  const robotType = embodiment.robotType.trim();
  const isKnown = robotType !== "" && robotType.toLowerCase() !== "unknown";
  return `${isKnown ? robotType : `dataset ${dataset}`} / ${embodiment.controlMode}`;
}

/**
 * The heads of a mixture, in order of first appearance.
 *
 * @throws InputError if members of a head differ in the width of action or state
 */
export function heads(members: readonly HeadMember[]): Head[] {
  const byName = new Map<string, number[]>();
  for (const [at, member] of members.entries()) {
    const name = headName(member);
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

function widthProblems(name: string, members: readonly HeadMember[]): string[] {
  const problem = (what: string, width: (embodiment: Embodiment) => number) => {
    const sizes = members.map(({ dataset, embodiment }) => `"${dataset}" has ${width(embodiment)}`);
    const isOneWidth = new Set(members.map(({ embodiment }) => width(embodiment))).size === 1;
    const remedy = "give them different robot types or control modes";
    return isOneWidth ? [] : [`head "${name}": expected one ${what} width, got ${sizes.join(", ")}; ${remedy}`];
  };
  return [
    ...problem("action", (embodiment) => embodiment.dofs.length),
    ...problem("state", (embodiment) => embodiment.states.length),
  ];
}
