import type { RobotObservation } from "../batch/observation.ts";
import { InputError } from "../input-error.ts";
import type { ActionChunk, ActionRequest } from "./action.ts";
import { Continuation, type ContinuationChoice, type FramePosition, type SaidContinuation } from "./continuation.ts";
import type { ActionRows } from "./limit.ts";
import type { LoadedPolicy } from "./policy.ts";
import type { SessionRecording } from "./recording/session-recording.ts";
import type { Session, Waiting } from "./session.ts";
import { type SmoothingChoice, TemporalEnsemble } from "./smoothing.ts";

/** How sessions of a server go on and begin anew. */
export interface SessionChoice extends ContinuationChoice {
  /** A gap between two observations after which history and noise begin anew, in milliseconds; `null`: none is too long. */
  readonly resetAfterMs: number | null;
  /** Whether they begin anew where the prompt is another one. */
  readonly resetOnPrompt: boolean;
  /** How chunks that overlap are averaged; `null`: they are not. */
  readonly smoothing: SmoothingChoice | null;
}

/** Sessions that begin anew where the client says so, of robots that wait for each answer. */
export const plainSessions: SessionChoice = {
  horizon: null,
  delay: 0,
  longestDelay: null,
  resetAfterMs: null,
  resetOnPrompt: false,
  smoothing: null,
};

/** A frame as a client sent it. */
export interface SentFrame {
  readonly observation: RobotObservation;
  /** A text, or its tokens. */
  readonly prompt: string | Int32Array;
  /** Whether the client says that an episode begins. */
  readonly begins: boolean;
  /**
   * Number of the last step that the robot has carried out, which the first step of the answer has as well; `null` where its client numbers none.
   *
   * @source LeRobot 0.6.1 `async_inference/policy_server.py`, `_time_action_chunk`
   */
  readonly lastStep: number | null;
}

/** When a frame came. */
export interface FrameTime {
  /** By a clock that only goes forward, in milliseconds. */
  readonly ms: number;
  /** In seconds since 1970. */
  readonly time: number;
}

/** What a session asked at one of its frames. */
export interface Question {
  /** With the history and the noise of that frame. */
  readonly request: ActionRequest;
  readonly state: RobotObservation["state"];
  readonly position: FramePosition;
}

/** A question whose turn has come. */
export interface AskedQuestion extends Question {
  /** How it goes on from the chunk before; `null` where it does not. */
  readonly waiting: Waiting | null;
  /** Steps from the chunk before to its own. */
  readonly steps: number;
}

/** What became of an answer. */
export interface SentAnswer {
  readonly chunk: ActionChunk;
  /** As they left the guard. */
  readonly actions: ActionRows;
  /** As many of them as the robot was sent. */
  readonly sentSteps: number;
  /** From the question until the answer was on its way. */
  readonly tookMs: number;
}

/** One robot's session at a server: what it saw, how its chunks go on, when it begins anew, and its recording. */
export class ServedSession {
  readonly session: Session;
  readonly #continuation: Continuation;
  readonly #goesOn: boolean;
  readonly #choice: SessionChoice;
  readonly #recording: SessionRecording | null;
  /** `null` where chunks are not averaged. */
  readonly #ensemble: TemporalEnsemble | null;
  #last: { readonly frame: SentFrame; readonly atMs: number } | null = null;
  #position: FramePosition = { frame: -1, numbered: null };

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
    this.#ensemble = choice.smoothing === null ? null : new TemporalEnsemble(choice.smoothing, session.robot);
  }

  /**
   * Takes in the robot's next frame.
   *
   * @returns why the session begins anew though the client did not say so; `null` where it does not
   * @throws InputError where it does not fit the robot
   */
  see(frame: SentFrame, { ms, time }: FrameTime): string | null {
    const why = this.#whyAnew(frame, ms);
    if (frame.begins || why !== null) this.reset();
    this.session.see(frame.observation);
    this.#last = { frame, atMs: ms };
    this.#write();
    const numbered = this.#numbered(frame);
    this.#position = { frame: this.session.place.frame, numbered };
    this.#record(frame, time);
    return why;
  }

  /** What the last frame asks: it is answered, or dropped. */
  question(): Question {
    const { prompt, observation } = this.#seen();
    this.#recording?.asks(this.#position.frame);
    return { request: this.session.ask(prompt), state: observation.state, position: this.#position };
  }

  /** A question goes on from what its robot carries out now that its turn has come. */
  ask(question: Question, said: SaidContinuation): AskedQuestion {
    if (!this.#isOfNow(question)) return { ...question, waiting: null, steps: 0 };
    const waiting = this.#continuation.waiting(said, question.position);
    const steps = this.session.stepsBefore(question.request, waiting);
    if (!this.#goesOn) return { ...question, waiting: null, steps };
    return { ...question, waiting, steps, request: this.session.after(question.request, waiting) };
  }

  /** The actions of a question's answer as the robot is to get them, before they are guarded: averaged, where chunks are. */
  smoothed(question: AskedQuestion, chunk: ActionChunk): ActionRows {
    if (this.#ensemble === null || !this.#isOfNow(question)) return chunk.actions;
    return this.#ensemble.smoothed(chunk, question.steps);
  }

  /** Keeps the answer to a question: the robot goes on with what left the guard. */
  answered(question: AskedQuestion, { chunk, actions, sentSteps, tookMs }: SentAnswer): void {
    if (!this.#isOfNow(question)) return;
    const { position, waiting, steps } = question;
    const { frame, numbered } = position;
    this.#ensemble?.keep(chunk, steps);
    const last = this.#position.numbered;
    // Until now it goes on with the chunk before, as far as its frames tell.
    const seenSteps = numbered === null || last === null ? 0 : last.first - numbered.first + 1;
    const past = numbered === null || last === null ? (waiting?.delay ?? 0) : last.next - numbered.first + 1;
    this.session.keep({ ...chunk, actions }, frame);
    this.#continuation.took(tookMs, seenSteps);
    this.#continuation.put(actions.slice(0, sentSteps), position, past);
    const between = this.#ensemble === null ? waiting : { delay: 0, carriedOut: steps };
    this.#recording?.answered(frame, { asked: frame, waiting: between, actions });
    this.#write();
  }

  /** A question gets no answer. */
  dropped(question: Question): void {
    if (!this.#isOfNow(question)) return;
    this.#recording?.answered(question.position.frame, null);
    this.#write();
  }

  /** Begins anew. */
  reset(): void {
    this.end();
    this.session.reset();
    this.#continuation.reset();
    this.#ensemble?.reset();
  }

  /** The session, or its episode, is over. */
  end(): void {
    this.#recording?.end((position) => this.#continuation.at(position));
  }

  /** Whether the session has not begun anew since. */
  #isOfNow({ request }: Question): boolean {
    return request.noise.episode === this.session.place.episode;
  }

  #numbered({ lastStep }: SentFrame): FramePosition["numbered"] {
    if (lastStep === null) return null;
    return { first: lastStep, next: this.#continuation.hasBegun ? lastStep + 1 : lastStep };
  }

  #record({ observation, prompt }: SentFrame, time: number): void {
    if (this.#recording === null) return;
    if (typeof prompt !== "string")
      throw new InputError("--record: expected prompts as texts, which datasets hold, got the tokens of one");
    this.#recording.see(this.session, { observation, prompt, time, position: this.#position });
  }

  #write(): void {
    this.#recording?.write((position) => this.#continuation.at(position));
  }

  #seen(): SentFrame {
    if (this.#last === null) throw new RangeError("session: expected a frame before a question, got none");
    return this.#last.frame;
  }

  #whyAnew({ prompt, begins, lastStep }: SentFrame, nowMs: number): string | null {
    const { resetAfterMs, resetOnPrompt } = this.#choice;
    if (begins || this.#last === null) return null;
    const gapMs = nowMs - this.#last.atMs;
    if (resetAfterMs !== null && gapMs > resetAfterMs)
      return `begins anew after ${Math.round(gapMs)} ms without a frame`;
    if (lastStep !== null && this.#continuation.isBefore(lastStep))
      return `begins anew as its steps do, at ${lastStep}`;
    const isOther = String(prompt) !== String(this.#last.frame.prompt);
    return resetOnPrompt && isOther ? "begins anew with another prompt" : null;
  }
}
