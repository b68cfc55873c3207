import { dirname, join } from "node:path";
import type { TensorBoardLog } from "../dashboard/tensorboard/log.ts";
import { shortest } from "../shortest.ts";
import type { RunEvent } from "../training/event-log.ts";

export interface TrainingLogsOptions {
  readonly run: string;
  /** Samples of a step. */
  readonly batchSize: number;
  /** Whether the user asks for event files for TensorBoard. */
  readonly isAsked: boolean;
}

/** What a run logs for other programs, beside its own events. A run that has begun such a log keeps it up, asked or not. */
export class TrainingLogs {
  readonly #options: TrainingLogsOptions;
  #tensorboard: TensorBoardLog | null = null;

  constructor(options: TrainingLogsOptions) {
    this.#options = options;
  }

  /**
   * Begins with what the run had logged.
   *
   * @returns its events, and what the user should know
   * @throws InputError where the run's events are none, or a log cannot be written
   */
  async begin(): Promise<{ readonly logged: readonly RunEvent[]; readonly note: string | null }> {
    const { readEvents } = await import("../training/event-log.ts");
    const { hasTensorBoardLog, TensorBoardLog, tensorboardFolder } = await import("../dashboard/tensorboard/log.ts");
    const { run, batchSize, isAsked } = this.#options;
    const logged = await readEvents(run);
    if (!isAsked && !(await hasTensorBoardLog(run))) return { logged, note: null };
    this.#tensorboard = await TensorBoardLog.begin({
      run,
      folder: join(run, tensorboardFolder),
      batchSize,
      now: Date.now,
    });
    return { logged, note: `for TensorBoard as well: tensorboard --logdir ${shortest(dirname(run))}` };
  }

  append(line: RunEvent): void {
    this.#tensorboard?.append(line);
  }

  close(): void {
    this.#tensorboard?.close();
  }
}
