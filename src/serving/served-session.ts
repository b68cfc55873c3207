import type { RobotObservation } from "../batch/observation.ts";
import { InputError } from "../input-error.ts";
import type { ActionChunk, ActionRequest } from "./action.ts";
import { Continuation, type ContinuationChoice, type SaidContinuation } from "./continuation.ts";
import type { ActionRows } from "./limit.ts";
import type { LoadedPolicy } from "./policy.ts";
import type { SessionRecording } from "./recording/session-recording.ts";
import type { Session, Waiting } from "./session.ts";

/** How sessions of a server go on and begin anew. */
export interface SessionChoice extends ContinuationChoice {
  /** A gap between two observations after which history and noise begin anew, in milliseconds; `null`: none is too long. */
  readonly resetAfterMs: number | null;
  /** Whether they begin anew where the prompt is another one. */
  readonly resetOnPrompt: boolean;
}

/** Sessions that begin anew where the client says so, of robots that wait for each answer. */
export const plainSessions: SessionChoice = {
  horizon: null,
  delay: 0,
  longestDelay: null,
  resetAfterMs: null,
  resetOnPrompt: false,
};

/** A frame as a client sent it. */
export interface SentFrame {
  readonly observation: RobotObservation;
  /** A text, or its tokens. */
  readonly prompt: string | Int32Array;
  /** Whether the client says that an episode begins. */
  readonly begins: boolean;
}

/** One robot's session at a server: what it saw, how its chunks go on, when it begins anew, and its recording. */
export class ServedSession {
  readonly session: Session;
  readonly #continuation: Continuation;
  readonly #goesOn: boolean;
  readonly #choice: SessionChoice;
  readonly #recording: SessionRecording | null;
  #last: { readonly prompt: SentFrame["prompt"]; readonly atMs: number } | null = null;
  #frame: SentFrame = { observation: { state: [], pictures: {} }, prompt: "", begins: false };
  #waiting: Waiting | null = null;

  constructor(
    policy: Pick<LoadedPolicy, "chunking">,
    session: Session,
    choice: SessionChoice,
    recording: SessionRecording | null,
  ) {
    this.session = session;
    this.#goesOn = policy.chunking !== undefined;
    this.#choice = choice;
    this.#continuation = new Continuation(choice, session.robot);
    this.#recording = recording;
  }

  /**
   * Takes in the robot's next frame.
   *
   * @returns why the session begins anew though the client did not say so; `null` where it does not
   * @throws InputError where it does not fit the robot
   */
  see(frame: SentFrame, nowMs: number): string | null {
    const why = this.#whyAnew(frame, nowMs);
    if (frame.begins || why !== null) this.#reset();
    this.session.see(frame.observation);
    this.#last = { prompt: frame.prompt, atMs: nowMs };
    this.#frame = frame;
    return why;
  }

  /** The request for actions from the last frame on. */
  ask(said: SaidContinuation): ActionRequest {
    const { prompt } = this.#frame;
    this.#waiting = this.#goesOn ? this.#continuation.waiting(said) : null;
    return this.#waiting === null ? this.session.ask(prompt) : this.session.askAfter(prompt, this.#waiting);
  }

  /**
   * Keeps the answer to the last request: the robot goes on with what left the guard.
   *
   * @param tookMs from the question until the answer was on its way
   * @param time when the frame came, in seconds since 1970
   */
  answered(chunk: ActionChunk, actions: ActionRows, { tookMs, time }: { tookMs: number; time: number }): void {
    const { frame } = this.session.place;
    this.session.keep({ ...chunk, actions });
    this.#continuation.took(tookMs);
    this.#continuation.put(actions, frame, this.#waiting?.delay ?? 0);
    this.#record(time, { asked: frame, waiting: this.#waiting, actions });
  }

  /** The last frame asks for no actions. */
  onlySeen(time: number): void {
    this.#record(time, null);
  }

  /** The session is over. */
  end(): void {
    this.#recording?.end();
  }

  #record(time: number, answer: Parameters<SessionRecording["add"]>[1]["answer"]): void {
    const action = this.#continuation.at(this.session.place.frame);
    // Before the first answer nobody knows what the robot does.
    if (action === null) return;
    const { observation, prompt } = this.#frame;
    if (this.#recording === null) return;
    if (typeof prompt !== "string")
      throw new InputError("--record: expected prompts as texts, which datasets hold, got the tokens of one");
    this.#recording.add(this.session, { observation, prompt, time, action, answer });
  }

  #whyAnew({ prompt, begins }: SentFrame, nowMs: number): string | null {
    const { resetAfterMs, resetOnPrompt } = this.#choice;
    if (begins || this.#last === null) return null;
    const gapMs = nowMs - this.#last.atMs;
    if (resetAfterMs !== null && gapMs > resetAfterMs)
      return `begins anew after ${Math.round(gapMs)} ms without a frame`;
    return resetOnPrompt && String(prompt) !== String(this.#last.prompt) ? "begins anew with another prompt" : null;
  }

  #reset(): void {
    this.session.reset();
    this.#continuation.reset();
    this.#recording?.end();
  }
}
