import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { reason } from "../../dataset/problem.ts";
import { needLibav } from "../../dataset/write/video.ts";
import { InputError } from "../../input-error.ts";
import { makeFolder } from "../../make-folder.ts";
import { moduleUrl } from "../../own-package.ts";
import { claimFolder } from "./claim.ts";
import type { RecordedFrame } from "./recorded-frame.ts";
import type { FromRecording, RecordingTask, ToRecording } from "./recording-message.ts";

/** How a server records. */
export interface RecorderOptions extends RecordingTask {
  /** Frames that may wait for their answers and for the disk, by the bytes of their pictures and numbers. */
  readonly queueBytes: number;
  /** When the server began, in seconds since 1970. */
  readonly began: number;
  /** Told in one line when frames are left out, and when recording stops. */
  readonly log: (line: string) => void;
}

/** Bytes that may wait: 3 cameras of 480 × 640 for some hundred frames. */
export const usualQueueBytes = 256 << 20;

/** What a recorder has done. */
export interface RecordedCounts {
  readonly written: number;
  /** Frames that are in no dataset, as the disk was too slow or had no room. */
  readonly leftOut: number;
  readonly isRecording: boolean;
}

/**
 * Records sessions beside the server: what is to be written waits for a thread of its own, and nobody waits for that.
 *
 * Where too much waits the rest of a session's episode is left out, so that what is recorded of it has no holes. Where writing fails, as on a
 * full disk, recording stops; robots are answered as before.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #worker: Worker;
  readonly #closed = Promise.withResolvers<void>();
  readonly #release: () => Promise<void>;
  /** Sizes of the messages that wait, oldest first. */
  readonly #waiting: { readonly bytes: number; readonly frames: number }[] = [];
  /** Sessions whose episode is cut short. */
  readonly #cut = new Set<number>();
  #bytes = 0;
  #isClosing = false;
  #counts: RecordedCounts = { written: 0, leftOut: 0, isRecording: true };

  private constructor(options: RecorderOptions, release: () => Promise<void>) {
    this.#options = options;
    this.#release = release;
    const { folder, robots } = options;
    this.#worker = new Worker(moduleUrl("./recording-worker.ts", import.meta.url), { workerData: { folder, robots } });
    this.#worker.on("message", (message: FromRecording) => {
      if (message.kind === "done") this.#done();
      else if (message.kind === "failed") this.#fail(message.why);
    });
    this.#worker.on("error", (error) => this.#fail(reason(error)));
    this.#worker.on("exit", () => {
      if (!this.#isClosing) this.#fail("its thread has ended");
      this.#closed.resolve();
    });
  }

  /** @throws InputError where the folder cannot be written, another server writes it, or `node-av` is missing */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const { folder } = options;
    try {
      await makeFolder(folder);
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new InputError(`--record: expected a folder that can be written, got ${folder}: ${reason(error)}`);
    }
    await needLibav();
    return new Recorder(options, await claimFolder(folder));
  }

  /** When the server began, in seconds since 1970. */
  get began(): number {
    return this.#options.began;
  }

  get counts(): RecordedCounts {
    return this.#counts;
  }

  /** Whether a frame may wait, whose pictures are so large; it waits until it is added or left out. One that may not is counted. */
  hold(session: number, bytes: number): boolean {
    const mayWait = this.#mayTake(session, bytes);
    if (mayWait) this.#bytes += bytes;
    else this.#countLeftOut(1);
    return mayWait;
  }

  /** Adds a frame that was held, whose pictures are then the recording's. */
  add(session: number, robot: number, frame: RecordedFrame, heldBytes: number): void {
    this.#bytes -= heldBytes;
    if (this.#counts.isRecording)
      this.#send({ kind: "frame", session, robot, frame }, { bytes: bytesOf(frame), frames: 1 });
    else this.#countLeftOut(1);
  }

  /** A frame that was held is not added. */
  leaveOut(heldBytes: number): void {
    this.#bytes -= heldBytes;
    this.#countLeftOut(1);
  }

  /** The episode of a session has ended. */
  end(session: number): void {
    this.#cut.delete(session);
    this.#send({ kind: "end", session }, { bytes: 0, frames: 0 });
  }

  /** Writes what waits, and leaves the datasets whole. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#send({ kind: "close" }, { bytes: 0, frames: 0 });
    await this.#closed.promise;
    await this.#release();
  }

  #send(message: ToRecording, size: { readonly bytes: number; readonly frames: number }): void {
    if (!this.#counts.isRecording) return;
    this.#waiting.push(size);
    this.#bytes += size.bytes;
    const seen = message.kind === "frame" ? message.frame.pictures.flatMap(([, picture]) => picture ?? []) : [];
    this.#worker.postMessage(
      message,
      seen.flatMap(({ cells }) => (cells.buffer instanceof ArrayBuffer ? [cells.buffer] : [])),
    );
  }

  #done(): void {
    const { bytes, frames } = this.#waiting.shift()!;
    this.#bytes -= bytes;
    this.#counts = { ...this.#counts, written: this.#counts.written + frames };
  }

  #mayTake(session: number, bytes: number): boolean {
    if (!this.#counts.isRecording || this.#cut.has(session)) return false;
    if (this.#bytes + bytes <= this.#options.queueBytes) return true;
    this.#cut.add(session);
    this.#options.log(
      `recording: expected frames that wait for their answers and for the disk to take at most ${this.#options.queueBytes} bytes, got more; session ${session} is recorded again from its next episode on`,
    );
    return false;
  }

  #countLeftOut(frames: number): void {
    this.#counts = { ...this.#counts, leftOut: this.#counts.leftOut + frames };
  }

  #fail(why: string): void {
    if (!this.#counts.isRecording) return;
    this.#countLeftOut(this.#waiting.reduce((sum, { frames }) => sum + frames, 0));
    this.#counts = { ...this.#counts, isRecording: false };
    this.#options.log(`recording stopped: ${why}; robots are answered as before`);
  }
}

function bytesOf({ pictures, answer }: RecordedFrame): number {
  const seen = pictures.reduce((sum, [, picture]) => sum + (picture?.cells.length ?? 0), 0);
  const numbers = (answer?.actions ?? []).reduce((sum, row) => sum + row.length, 0);
  return seen + 8 * numbers;
}
