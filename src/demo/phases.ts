import { Progress } from "../command/progress.ts";
import type { Screen } from "../command/terminal.ts";
import type { Phase } from "../dashboard/demo-story.ts";

/** The user wants the demo to stop. */
export class StoppedError extends Error {
  constructor(phase: string) {
    super(`stopped: ${phase}`);
  }
}

/** The parts of the demo, one after another, and how long each took. */
export class Phases {
  readonly isStopped: () => boolean;
  readonly #screen: Screen;
  readonly #done: Phase[] = [];

  constructor(screen: Screen, isStopped: () => boolean) {
    this.#screen = screen;
    this.isStopped = isStopped;
  }

  get done(): readonly Phase[] {
    return this.#done;
  }

  /** @throws StoppedError where the user has asked to stop by the end of the part */
  async run<T>(name: string, work: (screen: Screen) => Promise<T>): Promise<T> {
    const from = performance.now();
    const found = await work(this.#screen);
    this.#done.push({ name, seconds: (performance.now() - from) / 1000 });
    if (this.isStopped()) throw new StoppedError(name);
    return found;
  }

  /** A bar for one job of a part. */
  bar(label: string, unit: string, total: number): Progress {
    return new Progress({ screen: this.#screen, label, unit, total, done: 0, now: () => performance.now() });
  }
}
