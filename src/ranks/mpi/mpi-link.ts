import { writeSync } from "node:fs";
import { bytesOf, type Cells, type Link } from "../link.ts";
import type { Mpi } from "./mpi.ts";

/** Messages are cut: MPI counts bytes in 32 bits with a sign. */
const longestPiece = 2 ** 30;

/** How long to look for the end of a request at every turn of the event loop before a rest between looks. */
const eagerMs = 5;
/** The same where ranks take turns on a core: one that looks on keeps the one that it waits for from computing. */
const crowdedEagerMs = 0.2;
const restMs = 1;

const yieldingMs = 2500;
const readingMs = 200;

/** A message, or a piece of one, that has not come to its end; it keeps the memory that MPI reads or writes. */
interface Pending {
  readonly memory: Cells;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Messages by MPI, from the thread of the event loop, which stays free: every call returns at once, and what is under way is
 * looked after between turns.
 *
 * That takes no thread of its own (MPICH's calls crash on small stacks, Open MPI's wait by spinning), and no call ever blocks
 * that a deadline could not end.
 */
export class MpiLink implements Link {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: Mpi;
  readonly #longestPiece: number;
  #pending: Pending[] = [];
  #requests: BigUint64Array | Int32Array;
  #ended = new Int32Array(firstCapacity);
  #eagerMs = eagerMs;
  #eagerUntil = 0;
  #next: { cancel(): void } | null = null;

  constructor(mpi: Mpi, own: { readonly rank: number; readonly size: number }, pieces = longestPiece) {
    this.rank = own.rank;
    this.size = own.size;
    this.#mpi = mpi;
    this.#longestPiece = pieces;
    this.#requests = mpi.dialect.requests(firstCapacity);
  }

  /** From here on this rank gives way while it waits: its host has fewer cores than ranks and other work. */
  giveWay(): void {
    this.#eagerMs = crowdedEagerMs;
  }

  async send(to: number, tag: number, values: Cells): Promise<void> {
    await this.#whole(values, (piece, request) => this.#mpi.send(piece, to, tag, request));
  }

  async receive(from: number, tag: number, out: Cells): Promise<void> {
    await this.#whole(out, (piece, request) => this.#mpi.receive(piece, from, tag, request));
  }

  add(out: Float32Array, values: Float32Array): void {
    this.#mpi.add(out, values);
  }

  abort(message: string, status: number): never {
    // The ranks after the first leave it the word: mostly it ends them before they have said the same.
    if (this.rank > 0) sleep(yieldingMs);
    writeSync(process.stderr.fd, `armature: ${message}\n`);
    // A launcher that is told to end the job passes on nothing that it has not read yet.
    sleep(readingMs);
    this.#mpi.abort(status);
    process.exit(status);
  }

  close(): void {
    this.#mpi.finalize();
  }

  /** A message in pieces, which arrive in the order in which they are begun. */
  async #whole(memory: Cells, begin: (piece: Uint8Array, request: Cells) => void): Promise<void> {
    const bytes = bytesOf(memory);
    const pieces = Array.from({ length: Math.max(Math.ceil(bytes.length / this.#longestPiece), 1) }, (_, at) =>
      bytes.subarray(at * this.#longestPiece, (at + 1) * this.#longestPiece),
    );
    await Promise.all(pieces.map((piece) => this.#begin(piece, (request) => begin(piece, request))));
  }

  #begin(memory: Cells, begin: (request: Cells) => void): Promise<void> {
    const at = this.#pending.length;
    if (at === this.#requests.length) this.#grow();
    begin(this.#requests.subarray(at, at + 1));
    return new Promise((resolve, reject) => {
      this.#pending.push({ memory, resolve, reject });
      this.#eagerUntil = performance.now() + this.#eagerMs;
      this.#next?.cancel();
      this.#lookSoon();
    });
  }

  #lookSoon(): void {
    const look = () => this.#look();
    if (performance.now() < this.#eagerUntil) {
      const turn = setImmediate(look);
      this.#next = { cancel: () => clearImmediate(turn) };
    } else {
      const rest = setTimeout(look, restMs);
      this.#next = { cancel: () => clearTimeout(rest) };
    }
  }

  #look(): void {
    this.#next = null;
    try {
      const count = this.#mpi.test(this.#requests, this.#pending.length, this.#ended);
      if (count > 0) this.#eagerUntil = performance.now() + this.#eagerMs;
      // From the last: each leaves its place to the last of all.
      for (const at of this.#ended.subarray(0, count).sort().reverse()) this.#take(at).resolve();
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const { reject } of this.#pending.splice(0)) reject(reason);
    }
    if (this.#pending.length > 0 && this.#next === null) this.#lookSoon();
  }

  #take(at: number): Pending {
    const ended = this.#pending[at]!;
    const last = this.#pending.pop()!;
    if (last !== ended) {
      this.#pending[at] = last;
      this.#requests[at] = this.#requests[this.#pending.length]!;
    }
    return ended;
  }

  #grow(): void {
    const grown = this.#mpi.dialect.requests(2 * this.#requests.length);
    for (const [at, request] of this.#requests.entries()) grown[at] = request;
    this.#requests = grown;
    this.#ended = new Int32Array(grown.length);
  }
}

const firstCapacity = 64;

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}
