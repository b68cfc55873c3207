import type { Batch } from "../batch/batch.ts";
import { collate } from "../batch/collate.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { type ObservationChoice, observe } from "../batch/observation.ts";
import type { ObservationSlots } from "../dataset/chunk.ts";
import { InputError } from "../input-error.ts";
import type { ActionChunk, ActionRequest } from "./action.ts";
import { Refusal } from "./refusal.ts";
import type { ServedRobot } from "./robot.ts";
import { Session } from "./session.ts";

/** How a policy reads what its robots see: all that its recipe says of it, plain data. */
export interface PolicyReading extends Omit<ObservationChoice, "tokenizer"> {
  readonly layout: BatchLayout;
  readonly slots: ObservationSlots;
}

/**
 * The batch that a policy reads for these requests.
 *
 * @throws InputError where there are more than rows, or a request does not fit its robot or the policy
 */
export function perceived(
  requests: readonly ActionRequest[],
  reading: PolicyReading & Pick<ObservationChoice, "tokenizer">,
): Batch {
  const { layout } = reading;
  if (requests.length > layout.rows)
    throw new InputError(
      `act: expected at most ${layout.rows} robots, got ${requests.length}; load the policy for more robots`,
    );
  const examples = requests.map((request) => observe(request.robot, request, reading));
  return collate(layout, examples);
}

/** A session of a robot, with a history of its own. @param seed of its noise */
export function sessionOf(robot: ServedRobot, { layout, slots, letterbox }: PolicyReading, seed: number): Session {
  const { pictureSize } = layout;
  return new Session(robot, { slots, framesPerSecond: robot.framesPerSecond, pictureSize, letterbox }, seed);
}

/**
 * A chunk of cells `[t d]` in the robot's own units.
 *
 * @param where names the policy in the error
 * @param said how many of its steps the policy gave
 * @throws Refusal where a cell is not finite
 */
export function chunkOf(where: string, robot: ServedRobot, cells: Float64Array, said: number): ActionChunk {
  const { dofs } = robot.embodiment;
  const nonFinite = cells.findIndex((value) => !Number.isFinite(value));
  if (nonFinite >= 0)
    throw new Refusal(
      "not-finite",
      `${where}: expected finite actions of ${robot.name}, got ${cells[nonFinite]} for "${dofs[nonFinite % dofs.length]!.name}"; use another checkpoint`,
    );
  const steps = cells.length / dofs.length;
  return {
    robot,
    actions: Array.from({ length: steps }, (_, step) => [
      ...cells.subarray(step * dofs.length, (step + 1) * dofs.length),
    ]),
    saidSteps: said,
    stepsPerSecond: robot.stepsPerSecond,
  };
}

/** The key of the noise of a request. @throws InputError where it is no whole numbers */
export function noiseKeyOf({ robot, noise }: ActionRequest): ActionRequest["noise"] & { readonly dataset: string } {
  for (const [key, value] of Object.entries(noise))
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
      throw new InputError(
        `${robot.name}: noise: expected "${key}" to be a whole number from 0 to 2³² − 1, got ${value}`,
      );
  return { ...noise, dataset: robot.dataset };
}
