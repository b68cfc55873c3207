import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";
import {
  limitFileSchema,
  limitSources,
  refuseStrangers,
  rulesOf,
  type SafetyChoice,
  stepFileSchema,
} from "../serving/action-rules.ts";
import type { ActionRules } from "../serving/guard.ts";
import { limitChoices } from "../serving/limit.ts";
import type { ServedRobot } from "../serving/robot.ts";
import { amount, type CommandValues, choice, otherwise, text } from "./parameter.ts";

/** Options of what a robot's actions keep to. */
export const ruleOptions = {
  limits: otherwise(
    choice("what", "becomes of actions outside the limits, which are learnt from the run's data", limitChoices),
    "clamp",
  ),
  limitsFrom: otherwise(
    choice("what", "of the data limits are learnt from: its extremes, or percentiles 1 and 99", limitSources),
    "extremes",
  ),
  widen: otherwise(amount("share", "of their range by which learnt limits are wider, on both sides"), 0.1),
  limitsFile: otherwise(
    text("file", 'with the limits of dofs, as JSON: { "elbow": [-1.5, 1.5] }; others are learnt'),
    null,
  ),
  largestStep: otherwise(
    text(
      "step",
      'of a dof: a share of its range in the data, or a file, as JSON: { "elbow": 0.05 }; slower where it would be larger',
    ),
    null,
  ),
} as const;

/**
 * How actions are kept within bounds, as options say.
 *
 * @throws InputError where a file is not there or malformed
 */
export async function safetyGiven(given: CommandValues<typeof ruleOptions>): Promise<SafetyChoice> {
  return {
    limits: limitChoices.find((word) => word === given.limits) ?? "clamp",
    learntFrom: limitSources.find((word) => word === given.limitsFrom) ?? "extremes",
    widenedBy: given.widen,
    given: given.limitsFile === null ? {} : await fileOf("--limits-file", given.limitsFile, limitFileSchema),
    largestStep: given.largestStep === null ? null : await stepOf(given.largestStep),
  };
}

/**
 * The rules of each robot of a policy.
 *
 * @throws InputError where a file names a dof that no robot has, or a robot's range is not known
 */
export function rulesFor(safety: SafetyChoice, robots: readonly ServedRobot[]): (robot: ServedRobot) => ActionRules {
  refuseStrangers(robots, safety);
  const rules = new Map(robots.map((robot) => [robot, rulesOf(robot, safety)]));
  return (robot) => rules.get(robot) ?? rulesOf(robot, safety);
}

async function stepOf(given: string): Promise<NonNullable<SafetyChoice["largestStep"]>> {
  if (/^(\d+\.?\d*|\.\d+)$/.test(given) && Number(given) > 0) return Number(given);
  return await fileOf("--largest-step", given, stepFileSchema);
}

async function fileOf<T>(option: string, path: string, schema: z.ZodType<T>): Promise<T> {
  if (!existsSync(path))
    throw new InputError(`${option}: expected a JSON file of dofs, got "${path}", which is not there`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch {
    throw new InputError(`${path}: expected JSON with a value for each dof, got something else`);
  }
  return parseInput(path, schema, value);
}
