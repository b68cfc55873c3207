import type { Phase } from "../dashboard/demo-story.ts";
import type { TrainWatcher } from "../training/watcher.ts";

/** How far one job of a part is, for a person. */
export interface Bar {
  /** @param fields shown beside it: `{ frames: "120" }` */
  update(done: number, fields: Readonly<Record<string, string>>): void;
  finish(): void;
}

type TrainingNews = "note" | "begun" | "logged" | "stepped" | "validating" | "validated";

/** How far the training is; hidden, it makes way for an error. */
export interface TrainingBar extends Pick<TrainWatcher, TrainingNews> {
  finish(): void;
  hide(): void;
}

/** Where a person watches the demo. */
export interface DemoDisplay {
  /** @param unit what is counted: "episode" */
  bar(label: string, unit: string, total: number): Bar;
  training(steps: number): TrainingBar;
}

/** The user wants the demo to stop. */
export class StoppedError extends Error {
  constructor(phase: string) {
    super(`stopped: ${phase}`);
  }
}

/** The parts of the demo, one after another, and how long each took. */
export class Phases {
  readonly display: DemoDisplay;
  readonly isStopped: () => boolean;
  readonly #done: Phase[] = [];

  constructor(display: DemoDisplay, isStopped: () => boolean) {
    this.display = display;
    this.isStopped = isStopped;
  }

  get done(): readonly Phase[] {
    return this.#done;
  }

  /** @throws StoppedError where the user has asked to stop by the end of the part */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    const found = await work();
    this.#done.push({ name, seconds: (performance.now() - from) / 1000 });
    if (this.isStopped()) throw new StoppedError(name);
    return found;
  }
}
