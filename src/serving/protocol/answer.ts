import type { SaidContinuation } from "../continuation.ts";
import { type GuardedActions, guarded } from "../guard.ts";
import { SessionRecording } from "../recording/session-recording.ts";
import type { ServedRobot } from "../robot.ts";
import { plainSessions, type Question, ServedSession } from "../served-session.ts";
import type { Shared } from "./shared.ts";

/** A session of a robot at a server. @param number of the session, as recordings count them */
export function servedSession(
  { recorder, policy, sessions }: Shared,
  robot: ServedRobot,
  { seed, number }: { readonly seed: number; readonly number: number },
): ServedSession {
  const recording =
    recorder === undefined
      ? null
      : new SessionRecording({ recorder, session: number, robot: policy.robots.indexOf(robot) });
  return new ServedSession(policy, policy.session(robot, { seed }), sessions ?? plainSessions, recording);
}

/** What may leave for a robot that asked. */
export interface SafeAnswer {
  readonly safe: GuardedActions;
  /** See `ActionChunk`. */
  readonly saidSteps: number;
  /** How long the policy took, and how long ago the question came. */
  readonly policyMs: number;
  readonly serverMs: number;
  /** By how much it is later than its deadline; 0 is in time. */
  readonly lateMs: number;
}

/** A question whose turn has come, by the server's clock in milliseconds. */
export interface QuestionTurn {
  readonly question: Question;
  readonly said: SaidContinuation;
  /** When its observation came, and when that began to be read, without waiting. */
  readonly came: number;
  readonly begun: number;
  /** The number of the connection. */
  readonly connection: number;
}

/**
 * Has the policy answer a question, keeps the answer to the robot's rules, sends it, and has the session go on from it.
 *
 * @param send sends the answer; so many steps of it reach the robot, none where nobody waits for them any more
 * @returns when it was on its way
 * @throws Refusal where its actions must not leave
 */
export async function answerTurn(
  { asking, batcher, now, log, metrics, rules, deadlineMs, policy }: Shared,
  session: ServedSession,
  { question, said, came, begun, connection }: QuestionTurn,
  send: (answer: SafeAnswer) => number,
): Promise<number> {
  const asked = now();
  asking.asks(connection, asked);
  const own = session.ask(question, said);
  const { robot } = own.request;
  const chunk = await batcher.act(own.request);
  const answered = now();
  const safe = guarded(session.smoothed(own, chunk), own.state, { robot, rules: rules(robot) });
  if (chunk.saidSteps === 0)
    log(`connection ${connection}: an answer was no chunk; the robot got zeros in unit scale`, {
      event: "note",
      connection,
    });
  const lateMs = Math.max(0, answered - came - (deadlineMs ?? chunkMs(robot, policy.steps)));
  const { saidSteps } = chunk;
  const sentSteps = send({ safe, saidSteps, policyMs: answered - asked, serverMs: answered - came, lateMs });
  const sent = now();
  metrics.answered(robot, safe, { times: { came, begun, asked, answered, sent }, isLate: lateMs > 0 });
  if (sentSteps === 0) session.dropped(own);
  else session.answered(own, { chunk, actions: safe.actions, sentSteps, tookMs: sent - came });
  return sent;
}

function chunkMs({ stepsPerSecond }: ServedRobot, steps: number): number {
  return (1000 * steps) / stepsPerSecond;
}
