import { InputError } from "../input-error.ts";
import type { Log } from "../serving/protocol/log.ts";
import type { RobotChange } from "../training/weight-change.ts";
import { type CommandValues, natural, otherwise } from "./parameter.ts";
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
} as const;

export interface WeightsGiven extends CommandValues<typeof weightOptions> {}

/**
 * What other weights than float32 change in a policy's actions, measured and said.
 *
 * @returns by robot; `null` where it is not known
 */
export async function weightChangeSaid(
  run: string,
  { weights, weightSamples }: WeightsGiven,
  say: Log,
): Promise<readonly RobotChange[] | null> {
  if (weights === "float32" || weightSamples === 0) return null;
  const { measureWeightChangeApart } = await import("./weight-change-apart.ts");
  try {
    const robots = await measureWeightChangeApart({ run, weightKind: weights, samples: weightSamples });
    for (const robot of robots) say(changeLine(weights, robot), { event: "weights", change: { weights, ...robot } });
    return robots;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    say(`weights as ${weights}: what that changes of actions is not known: ${error.message}`);
    return null;
  }
}

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
