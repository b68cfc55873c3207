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

/** Answers whose times are remembered: the longest of them counts, as a robot that jumps is worse than one that heeds more. */
const remembered = 8;

/** How the chunks of one session go on: how long its answers take, and what its robot carries out. */
export class Continuation {
  readonly #choice: ContinuationChoice;
  readonly #stepsPerSecond: number;
  readonly #stepsPerFrame: number;
  readonly #tookMs: number[] = [];
  /** The chunk that is carried out, and the one before it, which is until the answer is there. */
  #chunks: readonly { readonly actions: ActionRows; readonly frame: number; readonly delay: number }[] = [];

  constructor(
    choice: ContinuationChoice,
    { framesPerSecond, stepsPerSecond }: { readonly framesPerSecond: number; readonly stepsPerSecond: number },
  ) {
    this.#choice = choice;
    this.#stepsPerSecond = stepsPerSecond;
    this.#stepsPerFrame = choice.horizon ?? stepsPerSecond / framesPerSecond;
  }

  /** What the robot does while it waits for the next answer. */
  waiting(said: SaidContinuation): Waiting {
    return { delay: said.delay ?? this.#delay(), carriedOut: said.carriedOut ?? this.#choice.horizon };
  }

  /** An answer was on its way so many milliseconds after its question had come. */
  took(ms: number): void {
    this.#tookMs.push(ms);
    if (this.#tookMs.length > remembered) this.#tookMs.shift();
  }

  /** The answer to the question of a frame, of whose steps so many are past when it is there. */
  put(actions: ActionRows, frame: number, delay: number): void {
    this.#chunks = [...this.#chunks.slice(-1), { actions, frame, delay }];
  }

  /** What the robot carries out at a frame, as far as is known; the last step where its chunk has ended. */
  at(frame: number): readonly number[] | null {
    const step = (asked: number) => Math.round((frame - asked) * this.#stepsPerFrame);
    const due = this.#chunks.findLast((chunk) => step(chunk.frame) >= chunk.delay) ?? this.#chunks[0];
    return due === undefined ? null : (due.actions[step(due.frame)] ?? due.actions.at(-1) ?? null);
  }

  /** Begins anew; how long answers take is remembered. */
  reset(): void {
    this.#chunks = [];
  }

  #delay(): number {
    const { delay, longestDelay } = this.#choice;
    if (delay !== "measured") return delay;
    const steps = Math.ceil((Math.max(0, ...this.#tookMs) / 1000) * this.#stepsPerSecond);
    return Math.min(steps, longestDelay ?? steps);
  }
}
