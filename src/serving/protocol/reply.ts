import type { Message } from "../../../client/message.ts";
import { encodeReply, type Reply } from "../../../client/reply.ts";
import type { GuardedActions } from "../guard.ts";

/** What is told of an answer beside its actions. */
export type AnswerFacts = Omit<Reply, "actions" | "clamped" | "slowed">;

/** A reply of actions that were made safe, and what was changed for it. */
export function replyOf(safe: GuardedActions, facts: AnswerFacts): Message {
  return encodeReply({ ...facts, actions: safe.actions, clamped: sum(safe.clamped), slowed: sum(safe.slowed) });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
