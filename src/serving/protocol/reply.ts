import { float32Array } from "../../../client/array.ts";
import type { Message, MessageValue } from "../../../client/message.ts";
import type { GuardedActions } from "../guard.ts";

/** What is told of an answer beside its actions, in milliseconds. */
export interface AnswerFacts {
  /** Later than its deadline; 0 is in time. */
  readonly lateMs: number;
  /** Of a policy that says its actions. */
  readonly saidSteps?: number;
  readonly policyMs: number;
  readonly wholeMs: number;
  /** Of the answer before, until it was sent; `null`: there was none. */
  readonly previousMs: number | null;
}

/** A reply as openpi's clients read it, and what they pass over: what was changed for safety, and how late it is. */
export function replyOf(safe: GuardedActions, facts: AnswerFacts): Message {
  const { lateMs, saidSteps, policyMs, wholeMs, previousMs } = facts;
  const timing = new Map([["infer_ms", wholeMs]]);
  if (previousMs !== null) timing.set("prev_total_ms", previousMs);
  return new Map<string, MessageValue>([
    ["actions", float32Array(safe.actions)],
    ["clamped", sum(safe.clamped)],
    ["slowed", sum(safe.slowed)],
    ["late_ms", lateMs],
    ...(saidSteps === undefined ? [] : [["said_steps", saidSteps] as const]),
    ["policy_timing", new Map([["infer_ms", policyMs]])],
    ["server_timing", timing],
  ]);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
