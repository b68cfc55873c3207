import { Worker } from "node:worker_threads";
import { sharedPictureMemory } from "../dataset/shared-pictures.ts";
import { moduleUrl } from "../own-package.ts";
import { decodeError } from "../plain-error.ts";
import { type Batch, decodeBatch, type EncodedBatch } from "./batch.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./loader-message.ts";
import { BatchMaker, type BatchRequest, type LoadPlan } from "./maker.ts";

export interface LoaderOptions {
  /** Threads that make batches; 0 makes them where they are asked for. No batch depends on it. */
  readonly workers: number;
  /** Micro-batches that may be under way or wait to be taken, per stream of batches. */
  readonly ahead: number;
  /** The time in milliseconds, to measure what is waited for. */
  readonly clock: () => number;
}

/** Makes batches ahead of their use. Several streams of batches may share its workers. */
export class Loader {
  readonly #options: LoaderOptions;
  readonly #makers: readonly Maker[];
  #waitedMs = 0;

  private constructor(options: LoaderOptions, makers: readonly Maker[]) {
    this.#options = options;
    this.#makers = makers;
  }

  /**
   * A loader whose workers open their datasets on the side.
   *
   * @throws RangeError if it could hold no batch
   */
  static open(plan: LoadPlan, options: LoaderOptions): Loader {
    const { workers, ahead } = options;
    if (!Number.isInteger(workers) || workers < 0 || !Number.isInteger(ahead) || ahead < 1)
      throw new RangeError(
        `Loader: expected 0 or more workers and 1 or more batches ahead, got ${workers} and ${ahead}`,
      );
    const pictures = plan.members.map(() => sharedPictureMemory(plan.pictureMemoryBytes));
    if (workers === 0) return new Loader({ ...options, ahead: 1 }, [inThisThread({ plan, pictures })]);
    return new Loader(
      options,
      Array.from({ length: workers }, () => new WorkerMaker({ plan, pictures })),
    );
  }

  /** How long its streams have kept their readers waiting. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /**
   * The batches of requests, in their order; requests are taken as room allows, so they may be endless. The first are under
   * way when this returns.
   *
   * @throws InputError where a worker meets one, in its turn
   */
  batches(requests: Iterable<BatchRequest>): AsyncGenerator<Batch, void, void> {
    const left = requests[Symbol.iterator]();
    const pending: Promise<Batch>[] = [];
    const fill = () => {
      while (pending.length < this.#options.ahead) {
        const next = left.next();
        if (next.done === true) return;
        const batch = this.#idlest().make(next.value);
        // An error is reported in its turn, or not at all where the reader stops before.
        batch.catch(() => {});
        pending.push(batch);
      }
    };
    fill();
    return this.#inTurn(pending, fill);
  }

  /** Lets each worker finish the batch that it is making, closes every dataset and ends the workers. */
  async close(): Promise<void> {
    await Promise.all(this.#makers.map((maker) => maker.close()));
  }

  async *#inTurn(pending: Promise<Batch>[], fill: () => void): AsyncGenerator<Batch, void, void> {
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      yield await this.#timed(next);
      fill();
    }
  }

  async #timed(batch: Promise<Batch>): Promise<Batch> {
    const { clock } = this.#options;
    const from = clock();
    try {
      return await batch;
    } finally {
      this.#waitedMs += clock() - from;
    }
  }

  #idlest(): Maker {
    return this.#makers.reduce((best, maker) => (maker.underWay < best.underWay ? maker : best));
  }
}

interface Maker {
  readonly underWay: number;
  make(request: BatchRequest): Promise<Batch>;
  close(): Promise<void>;
}

function inThisThread({ plan, pictures }: WorkerStart): Maker {
  const opening = BatchMaker.open(plan, pictures);
  opening.catch(() => {});
  return {
    underWay: 0,
    make: async (request) => (await opening).make(request),
    close: async () => (await opening.catch(() => null))?.close(),
  };
}

interface Waiting {
  resolve(batch: EncodedBatch): void;
  reject(error: Error): void;
}

/** A worker thread; it keeps the process alive only while something is asked of it. */
class WorkerMaker implements Maker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = 0;
  #isClosing = false;
  #fate: Error | null = null;

  constructor(start: WorkerStart) {
    this.#worker = new Worker(moduleUrl("./loader-worker.ts", import.meta.url), { workerData: start });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) =>
      this.#end(new Error(`a loader's worker failed: ${error.message}`, { cause: error })),
    );
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#end(new Error("a loader's worker has ended"));
        resolve();
      });
    });
  }

  get underWay(): number {
    return this.#waiting.size;
  }

  make(request: BatchRequest): Promise<Batch> {
    if (this.#fate !== null) return Promise.reject(this.#fate);
    const id = this.#next++;
    this.#worker.ref();
    const made = new Promise<EncodedBatch>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ kind: "make", id, request });
    });
    return made.then(decodeBatch);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#worker.ref();
    if (this.#fate === null) this.#post({ kind: "close" });
    await this.#ended;
  }

  #receive(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    // A worker that is closing holds the process until it has ended: nothing else may be left to do so.
    if (this.#waiting.size === 0 && !this.#isClosing) this.#worker.unref();
    if (message.kind === "made") waiting?.resolve(message.batch);
    else waiting?.reject(decodeError(message.error, "a loader's worker"));
  }

  #end(fate: Error): void {
    this.#fate ??= fate;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#fate);
    this.#waiting.clear();
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
