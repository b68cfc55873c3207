import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../input-error.ts";
import type { ActionRows } from "../limit.ts";
import { refuseStale } from "../observation-age.ts";
import { answerTurn, servedSession } from "../protocol/answer.ts";
import { choiceIn } from "../protocol/choice.ts";
import { askedBy, type ObservationKeys } from "../protocol/keys.ts";
import type { LogFields } from "../protocol/log.ts";
import type { Shared } from "../protocol/shared.ts";
import { oneLine, Refusal } from "../refusal.ts";
import type { ServedRobot } from "../robot.ts";
import type { Question, ServedSession } from "../served-session.ts";
import { writeActions } from "./action-pickle.ts";
import { featuresOf, frameOf, type RobotFeatures } from "./features.ts";
import { clientRobot } from "./fit.ts";
import { ObservationQueue, type QueuedObservation } from "./observation-queue.ts";
import { readConfig, readObservation, type SentObservation } from "./sent.ts";

/** As long as LeRobot's server lets a client wait for an observation of its own. @source LeRobot `async_inference/constants.py` */
const obsQueueTimeoutMs = 2000;

/** Observations that are further apart are no history of each other; a control loop that is late by a frame still is. */
const longestGapFrames = 2.5;

/** Clients of one Python process share a connection: whoever asks while another does is told so late that it does not ask at once again. */
const secondClientMs = 500;

/** LeRobot's client does not say how it goes on: its numbers of steps do. */
const silent = { delay: null, carriedOut: null };

/** An observation that waits for its client to fetch the answer. */
interface Waiting extends QueuedObservation {
  readonly session: ServedSession;
  readonly sent: SentObservation;
  readonly question: Question;
  readonly came: number;
  readonly readMs: number;
}

/** What a client said of itself. */
interface Instructed {
  readonly session: ServedSession;
  readonly robot: ServedRobot;
  readonly seed: number;
  readonly keys: ObservationKeys;
  readonly features: RobotFeatures;
  readonly actionsPerChunk: number;
}

export interface LinkOptions extends Shared {
  /** Where frames of LeRobot's clients hold what a robot perceives. */
  readonly frameKeys: (robot: ServedRobot) => ObservationKeys;
  /** Of the connection. */
  readonly number: number;
  readonly caller: string;
}

/**
 * One robot that LeRobot's client drives: it says what it is, sends observations, and fetches actions, each by a call of its own.
 *
 * @source LeRobot 0.6.1 `async_inference/policy_server.py`
 */
export class RobotLink {
  readonly #options: LinkOptions;
  #queue = new ObservationQueue<Waiting>();
  #instructed: Instructed | null = null;
  #isReady = false;
  #isStopped = false;
  /** When the last observation was made, in seconds since 1970. */
  #seenAt = Number.POSITIVE_INFINITY;
  #isAsked = false;
  #answering: Promise<unknown> = Promise.resolve();
  /** Goes on with the call that waits for an observation. */
  #wake: () => void = () => {};

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Begins anew: what waits is dropped, and history and noise are those of the next episode. */
  ready(): void {
    this.#isReady = true;
    this.#instructed?.session.reset();
    this.#queue = new ObservationQueue();
  }

  /** Takes what a client says of its robot. @throws InputError where the policy acts for no such robot */
  instruct(bytes: Uint8Array): void {
    if (!this.#isReady) throw new InputError("SendPolicyInstructions: expected Ready before it, got none");
    const config = readConfig(bytes);
    const features = featuresOf(config);
    const { policy, seed: common, number, frameKeys } = this.#options;
    const { query, seed: own } = choiceIn(config.path.startsWith("?") ? config.path : "");
    const robots = Object.keys(query).length === 0 ? policy.robots : [policy.robot(query)];
    const { robot, keys, note } = clientRobot(policy, robots, features, frameKeys);
    const seed = own ?? common + number;
    const before = this.#instructed;
    const isSame = before !== null && before.robot === robot && before.seed === seed;
    const session = isSame ? before.session : this.#begin(robot, seed);
    this.#instructed = { session, robot, seed, keys, features, actionsPerChunk: config.actionsPerChunk };
    this.#say(oneLine(`acts for ${robot.name}; it asked for ${config.policyType} "${config.path}"`), "connected");
    if (note !== null) this.#say(note, "note");
  }

  /** Takes an observation, the robot's next frame. @throws InputError where it is none of this robot */
  observe(bytes: Uint8Array): void {
    const { now, clock, mayAsk, caller, limits } = this.#options;
    const instructed = this.#mustBeInstructed("SendObservations");
    const came = now();
    try {
      if (!mayAsk(caller))
        throw new Refusal("rate", `connection: expected at most ${limits.perSecond} observations per second, got more`);
      const sent = readObservation(bytes);
      const { session, robot, keys, features } = instructed;
      const { observation, prompt } = askedBy(frameOf(sent.values, features), keys, robot);
      const begins = this.#isAfterGap(robot, sent.timestamp);
      const frame = { observation, prompt, begins, lastStep: sent.timestep };
      const why = session.see(frame, { ms: came, time: clock() / 1000 });
      if (why !== null) this.#beginsAnew(why);
      const { timestep, mustGo } = sent;
      const question = session.question();
      const state = Float64Array.from(observation.state);
      this.#offer({ timestep, mustGo, state, session, sent, question, came, readMs: now() - came });
    } catch (error) {
      this.#queue.owe();
      throw error;
    }
  }

  /**
   * The pickle of the actions for the observation that waits, or that comes soon; nothing where none does.
   *
   * @param gone is aborted where nobody waits for the answer any more
   * @throws InputError where its actions must not leave, or a call before is not answered yet
   */
  async actions(gone: AbortSignal): Promise<Uint8Array> {
    if (this.#isAsked) {
      await sleep(secondClientMs);
      throw new Refusal(
        "queue",
        "GetActions: expected one call at a time, got a second; give each RobotClient a process",
      );
    }
    this.#isAsked = true;
    try {
      return await this.#actions(gone);
    } finally {
      this.#isAsked = false;
    }
  }

  /** Calls that wait for an observation end without actions, now and from now on; those that are answered are waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await Promise.allSettled([this.#answering]);
    this.#instructed?.session.end();
  }

  async #actions(gone: AbortSignal): Promise<Uint8Array> {
    const { actionsPerChunk } = this.#mustBeInstructed("GetActions");
    if (this.#queue.waiting === null) await this.#observed(gone);
    const waiting = this.#queue.take();
    if (waiting === null) return new Uint8Array();
    const queue = this.#queue;
    try {
      refuseStale(waiting.sent.timestamp, this.#options.clock(), this.#options.staleMs);
      const answer = this.#answer(waiting, actionsPerChunk, gone);
      this.#answering = answer;
      return await answer;
    } catch (error) {
      waiting.session.dropped(waiting.question);
      queue.owe();
      throw error;
    } finally {
      if (gone.aborted) queue.owe();
    }
  }

  async #answer(waiting: Waiting, most: number, gone: AbortSignal): Promise<Uint8Array> {
    const { session, question, came, readMs, sent } = waiting;
    const { now, number } = this.#options;
    let pickle: Uint8Array = new Uint8Array();
    const turn = { question, said: silent, came, begun: now() - readMs, connection: number };
    await answerTurn(this.#options, session, turn, ({ safe }) => {
      if (gone.aborted) return 0;
      const actions = safe.actions.slice(0, most);
      pickle = timed(actions, sent, question.request.robot);
      return actions.length;
    });
    return pickle;
  }

  /** A session of its own for another robot or seed; what waits is of the one before. */
  #begin(robot: ServedRobot, seed: number): ServedSession {
    const { number, places } = this.#options;
    const before = this.#instructed;
    before?.session.end();
    this.#queue = new ObservationQueue();
    return servedSession(this.#options, robot, { seed, number: before === null ? number : places.another() });
  }

  /** The first observation of an episode is answered, and what waits from before is not. */
  #beginsAnew(why: string): void {
    this.#queue = new ObservationQueue();
    this.#say(why, "note");
  }

  #offer(observation: Waiting): void {
    const before = this.#queue.waiting;
    const isTaken = this.#queue.offer(observation);
    const dropped = isTaken ? before : observation;
    dropped?.session.dropped(dropped.question);
    if (isTaken) this.#wake();
  }

  /** The client sends observations only while it has few actions left: those of a policy that remembers are one history without a gap, or none. */
  #isAfterGap({ framesPerSecond }: ServedRobot, timestamp: number): boolean {
    const frames = (timestamp - this.#seenAt) * framesPerSecond;
    this.#seenAt = timestamp;
    return this.#options.policy.recipe.policy.history.slots > 1 && frames > longestGapFrames;
  }

  /** Ends where an observation comes, the time is over, the server stops, or nobody waits any more. */
  async #observed(gone: AbortSignal): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, obsQueueTimeoutMs);
    gone.addEventListener("abort", () => resolve());
    await promise;
    clearTimeout(timer);
  }

  #mustBeInstructed(call: string): Instructed {
    if (this.#instructed === null)
      throw new InputError(`${call}: expected Ready and SendPolicyInstructions before it, got none`);
    return this.#instructed;
  }

  #say(text: string, event: LogFields["event"]): void {
    const { log, number } = this.#options;
    log(`connection ${number}: ${text}`, { event, connection: number });
  }
}

/** Step by step from the observation on. @source LeRobot 0.6.1 `async_inference/policy_server.py`, `_time_action_chunk` */
function timed(actions: ActionRows, { timestamp, timestep }: SentObservation, { stepsPerSecond }: ServedRobot): Buffer {
  return writeActions(
    actions.map((action, step) => ({
      timestamp: timestamp + step * (1 / stepsPerSecond),
      timestep: timestep + step,
      action,
    })),
  );
}
