import { noEvents, takeEvent } from "../dashboard/run-events.ts";
import { type Pace, paces, sortTimes } from "../dashboard/run-times.ts";
import type { WeightsValidation } from "../metric/group.ts";
import type { StepRollout } from "../serving/observer.ts";
import type { RunEvent } from "../training/event-log.ts";
import type { StepReport } from "../training/watcher.ts";
import { LiveRegion } from "./live-region.ts";
import { type Paint, paintFor } from "./paint.ts";
import { rolloutLine } from "./plain-training-display.ts";
import { ProgressLine } from "./progress.ts";
import type { TrainingDisplay, TrainingDisplayOptions } from "./training-display.ts";
import { trainingLines } from "./training-screen.ts";
import { validationLines } from "./validation-table.ts";

const redrawEveryMs = 250;
/** Drawing a long run takes a share of the time no larger than one to so much. */
const drawingShare = 50;

/** A training on a terminal: how far it is, curves and a table by group, redrawn in place; notes and results of validations above. */
export class LiveTrainingDisplay implements TrainingDisplay {
  readonly #options: TrainingDisplayOptions;
  readonly #region: LiveRegion;
  readonly #paint: Paint;
  readonly #events = noEvents();
  #lastTime: RunEvent | null = null;
  #pace: Pace | null = null;
  #steps: ProgressLine | null = null;
  /** A validation or a rollout that is going on. */
  #other: ProgressLine | null = null;
  #isOver = false;
  #drawAtMs = 0;

  constructor(options: TrainingDisplayOptions) {
    this.#options = options;
    this.#paint = paintFor(options.screen);
    this.#region = new LiveRegion(options.screen, (room) => {
      const bar = (columns: number) => this.#bar(columns);
      const { batchSize } = options;
      const state = { events: this.#events, pace: this.#pace, batchSize, bar, isOver: this.#isOver };
      return trainingLines(state, room, this.#paint);
    });
  }

  note(text: string): void {
    this.#region.note(text);
  }

  begun(step: number): void {
    this.#steps = new ProgressLine({ ...this.#options, label: "train", unit: "step", done: step });
    this.#drawAtMs = this.#options.now() + redrawEveryMs;
  }

  logged(line: RunEvent): void {
    if (line.kind !== "start" && line.kind !== "time") {
      takeEvent(this.#events, line);
      return;
    }
    const lines = this.#lastTime === null ? [line] : [this.#lastTime, line];
    this.#pace = paces(sortTimes(lines)).at(-1) ?? this.#pace;
    this.#lastTime = line;
  }

  stepped({ step }: StepReport): void {
    this.#steps?.update(step, {});
    this.#draw();
  }

  validating(samples: number, total: number): void {
    this.#other ??= new ProgressLine({ ...this.#options, label: "validate", unit: "sample", total, done: samples });
    this.#other.update(samples, {});
    this.#draw();
  }

  validated(step: number, validation: WeightsValidation): void {
    this.#other = null;
    // The groups stand in the table.
    const [whole] = validationLines(step, validation, this.#options.screen.columns ?? 80);
    this.#region.note(whole!);
    // What a step takes is not to be seen in the validation before the first.
    if (step === 0) this.#steps?.restartRate();
  }

  rollingOut(episodes: number, total: number): void {
    this.#other ??= new ProgressLine({ ...this.#options, label: "rollout", unit: "episode", total, done: 0 });
    this.#other.update(episodes, {});
    this.#draw();
  }

  rolledOut(step: number, rollouts: readonly StepRollout[]): void {
    this.#other = null;
    for (const rollout of rollouts) this.#region.note(rolloutLine(step, rollout));
  }

  finish(): void {
    this.#isOver = true;
    if (this.#steps !== null) this.#region.finish();
  }

  hide(): void {
    this.#region.hide();
  }

  #bar(columns: number): string {
    if (this.#steps === null) return "";
    if (this.#isOver) return this.#steps.done(columns);
    return (this.#other ?? this.#steps).going(columns);
  }

  #draw(): void {
    const beganMs = this.#options.now();
    if (beganMs < this.#drawAtMs) return;
    this.#region.draw();
    const endedMs = this.#options.now();
    this.#drawAtMs = endedMs + Math.max(redrawEveryMs, drawingShare * (endedMs - beganMs));
  }
}
