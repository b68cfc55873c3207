import type { ActionChunk, ActionRequest } from "../action.ts";
import { type GuardedActions, guarded } from "../guard.ts";
import type { ServedRobot } from "../robot.ts";
import type { Shared } from "./shared.ts";

/** What may leave for a robot that asked, and when it was there. */
export interface SafeAnswer {
  readonly chunk: ActionChunk;
  readonly safe: GuardedActions;
  /** When the policy was asked, and when it had answered, in milliseconds of the server's clock. */
  readonly asked: number;
  readonly answered: number;
  /** By how much it is later than its deadline; 0 is in time. */
  readonly lateMs: number;
}

/**
 * The policy's answer to one robot, kept to its rules.
 *
 * @param state of the observation that is answered
 * @param came when that observation came, in milliseconds of the server's clock
 * @throws Refusal where its actions must not leave
 */
export async function safeAnswer(
  { batcher, now, rules, deadlineMs, policy }: Shared,
  request: ActionRequest,
  state: readonly number[] | Float64Array,
  came: number,
): Promise<SafeAnswer> {
  const { robot } = request;
  const asked = now();
  const chunk = await batcher.act(request);
  const answered = now();
  const safe = guarded(chunk.actions, state, { robot, rules: rules(robot) });
  const deadline = deadlineMs ?? chunkMs(robot, policy.steps);
  return { chunk, safe, asked, answered, lateMs: Math.max(0, answered - came - deadline) };
}

/** What is logged of an answer that was no chunk; `null` of any other. */
export function brokenNote({ chunk }: SafeAnswer): string | null {
  return chunk.saidSteps === 0 ? "an answer was no chunk; the robot got zeros in unit scale" : null;
}

function chunkMs({ stepsPerSecond }: ServedRobot, steps: number): number {
  return (1000 * steps) / stepsPerSecond;
}
