import { z } from "zod";
import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";
import type { ActionRules } from "./guard.ts";
import { largestSteps } from "./largest-step.ts";
import { type LimitChoice, widened } from "./limit.ts";
import type { ServedRobot } from "./robot.ts";
import type { Range, SeenRanges } from "./seen-range.ts";

/** A file of limits: by dof, its least and its greatest action, in the robot's own units. */
export const limitFileSchema = z.record(
  z.string().min(1),
  z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low <= high, { error: "expected the lower end first, got the higher" }),
);

/** A file of largest steps: by dof, in its own unit per step of a chunk. */
export const stepFileSchema = z.record(z.string().min(1), z.number().positive());

/** What the limits of dofs are learnt from: the extremes of the data, or its first and 99th percentile. */
export const limitSources = ["extremes", "quantiles"] as const;

/** How actions are kept within bounds, for every robot of a policy. */
export interface SafetyChoice {
  readonly limits: LimitChoice;
  readonly learntFrom: (typeof limitSources)[number];
  /** By which share of the way between the learnt ends limits are wider, on both sides. */
  readonly widenedBy: number;
  /** Of dofs whose limits are given; those of others are learnt. */
  readonly given: Readonly<z.infer<typeof limitFileSchema>>;
  /** A share of the way between the extremes of the data, or by dof; `null`: any. */
  readonly largestStep: number | Readonly<z.infer<typeof stepFileSchema>> | null;
}

/**
 * The rules of a robot's actions.
 *
 * @throws InputError where limits are to be learnt, or steps to be a share, of dofs whose range nobody measured
 */
export function rulesOf(robot: ServedRobot, choice: SafetyChoice): ActionRules {
  const { limits, largestStep } = choice;
  return {
    outside: limits === "refuse" ? "refuse" : "clamp",
    limits: limits === "off" ? null : limitsOf(robot, choice),
    largestStep: largestStep === null ? null : stepsOf(robot, largestStep),
  };
}

/** @throws InputError where a file names a dof that no robot of the policy has */
export function refuseStrangers(robots: readonly ServedRobot[], { given, largestStep }: SafetyChoice): void {
  const known = [...new Set(robots.flatMap(({ embodiment }) => embodiment.dofs.map(({ name }) => name)))];
  const named = {
    "--limits-file": given,
    "--largest-step": typeof largestStep === "object" ? (largestStep ?? {}) : {},
  };
  for (const [option, names] of Object.entries(named)) {
    const stranger = Object.keys(names).find((name) => !known.includes(name));
    if (stranger !== undefined)
      throw new InputError(
        `${option}: expected dofs of the policy's robots (${known.join(", ")}), got "${stranger}"${didYouMean(stranger, known)}`,
      );
  }
}

function limitsOf(robot: ServedRobot, { learntFrom, widenedBy, given }: SafetyChoice): Range {
  const { dofs } = robot.embodiment;
  const isGiven = (name: string) => Object.hasOwn(given, name);
  const learnt = dofs.every(({ name }) => isGiven(name))
    ? null
    : widened(seenOf(robot, "give every dof in --limits-file, or serve with --limits off")[learntFrom], widenedBy);
  const end = (at: number, side: 0 | 1) => {
    const own = given[dofs[at]!.name];
    if (own !== undefined) return Math.fround(own[side]);
    return (side === 0 ? learnt?.low : learnt?.high)?.[at] ?? Number.NaN;
  };
  return {
    low: Float64Array.from(dofs, (_, at) => end(at, 0)),
    high: Float64Array.from(dofs, (_, at) => end(at, 1)),
  };
}

/** A dof that a file leaves out may go any way in one step. */
function stepsOf(robot: ServedRobot, largest: NonNullable<SafetyChoice["largestStep"]>): Float64Array {
  if (typeof largest === "number")
    return largestSteps(seenOf(robot, "give --largest-step a file of steps by dof").extremes, largest);
  return Float64Array.from(robot.embodiment.dofs, ({ name }) => largest[name] ?? Number.POSITIVE_INFINITY);
}

function seenOf({ name, seen }: ServedRobot, remedy: string): SeenRanges {
  if (seen !== null) return seen;
  throw new InputError(
    `${name}: expected a run that says where its actions were in its data, got statistics without a count of samples, as other projects leave them; ${remedy}`,
  );
}
