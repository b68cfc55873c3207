import { MeasuredDelay } from "../../client/measured-delay.ts";
import type { ActionRows } from "./limit.ts";
import type { Waiting } from "./session.ts";

/** How chunks of a session go on from those before them. */
export interface ContinuationChoice {
  /** Steps of a chunk that a robot carries out between two questions; `null`: as many as frames have passed. */
  readonly horizon: number | null;
  /** Steps from a question to the first action of its answer that is carried out; "measured": as long as answers took lately. */
  readonly delay: number | "measured";
  /** A measured delay is taken to be no longer; `null`: it may be any. */
  readonly longestDelay: number | null;
}

/** What a client itself says of how it goes on; `null` where it does not. */
export interface SaidContinuation {
  readonly delay: number | null;
  readonly carriedOut: number | null;
}

/** Where a robot is at a frame. */
export interface FramePosition {
  readonly frame: number;
  /** As the client numbers the steps of its robot; `null` where it does not say. */
  readonly numbered: NumberedSteps | null;
}

/** Numbers of steps, at a frame. */
export interface NumberedSteps {
  /** Of the first step of the frame's answer. */
  readonly first: number;
  /** Of the step that the robot carries out after the frame. */
  readonly next: number;
}

/** A chunk that a robot was sent. */
interface SentChunk {
  readonly actions: ActionRows;
  /** Where the robot was when it asked. */
  readonly asked: FramePosition;
  /** Steps of it that are past when it is there. */
  readonly past: number;
}

/** How the chunks of one session go on: how long its answers take, and what its robot carries out. */
export class Continuation {
  readonly #choice: ContinuationChoice;
  readonly #stepsPerSecond: number;
  readonly #stepsPerFrame: number;
  readonly #measured: MeasuredDelay;
  /** The chunk that is carried out, and the one before it, which is until the answer is there. */
  #chunks: readonly SentChunk[] = [];

  constructor(
    choice: ContinuationChoice,
    { framesPerSecond, stepsPerSecond }: { readonly framesPerSecond: number; readonly stepsPerSecond: number },
  ) {
    this.#choice = choice;
    this.#stepsPerSecond = stepsPerSecond;
    this.#measured = new MeasuredDelay({ least: 0, most: choice.longestDelay ?? Infinity });
    this.#stepsPerFrame = choice.horizon ?? stepsPerSecond / framesPerSecond;
  }

  /** Whether the robot was sent a chunk since it began. */
  get hasBegun(): boolean {
    return this.#chunks.length > 0;
  }

  /** What the robot does while it waits for the answer to a frame. Where it numbers its steps, it waits where its chunk ends. */
  waiting(said: SaidContinuation, { numbered }: FramePosition): Waiting {
    const delay = said.delay ?? this.#delay();
    const last = this.#chunks.at(-1);
    const from = last?.asked.numbered ?? null;
    if (last === undefined || numbered === null || from === null)
      return { delay, carriedOut: said.carriedOut ?? this.#choice.horizon };
    const carriedOut = numbered.first - from.first;
    return { delay: Math.min(delay, Math.max(1, last.actions.length - carriedOut)), carriedOut };
  }

  /**
   * An answer was on its way so many milliseconds after its question had come.
   *
   * @param seenSteps that the robot is known to have carried out meanwhile, the first of the answer among them
   */
  took(ms: number, seenSteps: number): void {
    this.#measured.took(Math.max(seenSteps, Math.ceil((ms / 1000) * this.#stepsPerSecond)));
  }

  /** The answer to the question of a frame, of whose steps so many are past when it is there. */
  put(actions: ActionRows, asked: FramePosition, past: number): void {
    this.#chunks = [...this.#chunks.slice(-1), { actions, asked, past }];
  }

  /** What the robot carries out at a frame, as far as is known: the first step before it was sent any, the last where its chunk has ended. */
  at(position: FramePosition): readonly number[] | null {
    const due = this.#chunks.findLast((chunk) => this.#step(position, chunk) >= chunk.past) ?? this.#chunks[0];
    if (due === undefined) return null;
    return due.actions[Math.max(0, this.#step(position, due))] ?? due.actions.at(-1) ?? null;
  }

  /** Whether a number of a step is from before the chunk that the robot was sent: its client has begun anew. */
  isBefore(step: number): boolean {
    const from = this.#chunks.at(-1)?.asked.numbered ?? null;
    return from !== null && step < from.first;
  }

  /** Begins anew; how long answers take is remembered. */
  reset(): void {
    this.#chunks = [];
  }

  #step({ frame, numbered }: FramePosition, { asked }: SentChunk): number {
    if (numbered !== null && asked.numbered !== null) return numbered.next - asked.numbered.first;
    return Math.round((frame - asked.frame) * this.#stepsPerFrame);
  }

  #delay(): number {
    const { delay } = this.#choice;
    return delay === "measured" ? this.#measured.steps : delay;
  }
}
