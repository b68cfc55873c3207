import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Log } from "../serving/protocol/log.ts";
import type { RobotChange } from "../training/weight-change.ts";
import { type CommandValues, natural, otherwise, text } from "./parameter.ts";
import { significant } from "./progress.ts";
import { weightsOption } from "./weights.ts";

/** Options of what a server holds its weights as. */
export const weightOptions = {
  weights: weightsOption,
  weightSamples: otherwise(
    natural(
      "samples",
      "of each robot that was held out, on which other weights than float32 are measured at start; 0 for none",
    ),
    32,
  ),
  measureOn: otherwise(
    text(
      "folder",
      "of a LeRobot dataset of the robot, on which that is measured for weights that were imported without one",
    ),
    null,
  ),
} as const;

export interface WeightsGiven extends CommandValues<typeof weightOptions> {}

/** @throws InputError where a dataset to measure on is given, and nothing is measured */
export function checkMeasuring({ weights, weightSamples, measureOn }: WeightsGiven): void {
  if (measureOn === null) return;
  if (weights === "float32")
    throw new InputError("--measure-on: expected --weights int8 or bf16 with it, got float32, which changes no action");
  if (weightSamples === 0)
    throw new InputError("--measure-on: expected --weight-samples above 0 with it, got 0, which measures nothing");
}

/**
 * What other weights than float32 change in a policy's actions, measured and said.
 *
 * @returns by robot; `null` where it is not known
 * @throws InputError where it cannot be measured on a dataset that is given, or products in bf16 move actions so far that they are wrong
 */
export async function weightChangeSaid(
  run: string,
  { data }: Pick<Recipe, "data">,
  { weights, weightSamples, measureOn }: WeightsGiven,
  say: Log,
): Promise<readonly RobotChange[] | null> {
  if (weights === "float32" || weightSamples === 0) return null;
  if (measureOn === null && data.datasets.length === 0) {
    say(
      `weights as ${weights}: what that changes of actions was not measured, as the weights were imported without a dataset; ${way}`,
    );
    return null;
  }
  const { measureWeightChangeApart } = await import("./weight-change-apart.ts");
  const dataset = measureOn === null ? null : resolve(measureOn);
  let robots: readonly RobotChange[];
  try {
    robots = await measureWeightChangeApart({ run, weightKind: weights, samples: weightSamples, dataset });
  } catch (error) {
    if (!(error instanceof InputError) || measureOn !== null) throw error;
    say(`weights as ${weights}: what that changes of actions was not measured: ${error.message}; ${way}`);
    return null;
  }
  for (const robot of robots) say(changeLine(weights, robot), { event: "weights", change: { weights, ...robot } });
  if (weights === "bf16") for (const robot of robots) refuseWrongActions(robot);
  return robots;
}

/**
 * In standard deviations of a robot's actions. Roundings move them by a hundredth (docs/benchmarks.md); what is computed wrongly, by
 * about one. Training allows a gradient the same share of its length (docs/decisions/0019-products-in-bfloat16.md).
 */
const furthestInBfloat16 = 0.25;

/** The check of decision 13: another runtime is not believed that gives other actions. @throws InputError where it does */
export function refuseWrongActions({ dataset, controlMode, change, ownError }: RobotChange): void {
  const furthest = furthestInBfloat16 * Math.max(1, ownError ?? 0);
  if (change === null || change <= furthest) return;
  throw new InputError(
    `--weights bf16: expected the actions of ${dataset} / ${controlMode} that float32 gives, within ${significant(furthest)} standard deviations, ` +
      `got some that moved by ${significant(change)}; take --weights float32`,
  );
}

const way = "--measure-on FOLDER measures it on a LeRobot dataset of the robot";

/** What other weights change for one robot, in standard deviations of its actions. */
export function changeLine(
  weights: string,
  { dataset, controlMode, samples, change, ownError, otherError }: RobotChange,
): string {
  const robot = `${dataset} / ${controlMode}`;
  if (change === null || ownError === null || otherError === null)
    return `weights as ${weights}: nothing of ${robot} moves in its ${samples} held-out samples`;
  return (
    `weights as ${weights}: actions of ${robot} move by ${significant(change)} standard deviations on ${samples} held-out samples, ` +
    `and their error goes from ${significant(ownError)} to ${significant(otherError)}`
  );
}
