import type { Arrival } from "./arrival.ts";
import { bytesOf, type Cells, type Link, temporaryFailure } from "./link.ts";
import { type Call, type Exchange, type MeetingOptions, Meetings } from "./meetings.ts";
import { decodePlace, encodePlace, ownPlace, type Place } from "./place.ts";
import { RankError } from "./rank-error.ts";

/**
 * The ranks of a job: one process each.
 *
 * Every rank calls the same methods with the same purposes in the same order, from its first to its last; a rank that does
 * not, or that dies or hangs, ends the job with a message that names it. What a method returns is equal on all ranks.
 */
export class World {
  readonly rank: number;
  readonly size: number;
  readonly #link: Link;
  readonly #meetings: Meetings;

  private constructor(link: Link, options: MeetingOptions) {
    this.rank = link.rank;
    this.size = link.size;
    this.#link = link;
    this.#meetings = new Meetings(link, options);
  }

  static async open(link: Link, options: MeetingOptions): Promise<World> {
    const world = new World(link, options);
    world.#meetings.places = (await world.gather("start", encodePlace(ownPlace()))).map(decodePlace);
    return world;
  }

  /** Host and process of every rank, in order. */
  get places(): readonly Place[] {
    return this.#meetings.places;
  }

  /** The bytes that each rank gives, in order of ranks; they may differ in length. */
  async gather(purpose: string, own: Uint8Array): Promise<Uint8Array[]> {
    if (this.size === 1) return [own.slice()];
    const call = { purpose, bytes: own.length, tags: 3 };
    return await this.#meet(call, async (exchange, arrivals) => {
      const lengths = await this.#lengths(exchange, arrivals);
      const all = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
      let end = 0;
      const parts = Array.from(lengths, (length) => {
        end += length;
        return all.subarray(end - length, end);
      });
      if (all.length > 0) await this.#collect(exchange, own, parts);
      if (all.length > 0) await this.#spread(exchange, 2, all);
      return parts.map((part) => part.slice());
    });
  }

  /** Sums over ranks, added in order of ranks: exact for counts. Gradients are summed by `RankedSum`. */
  async sum(purpose: string, values: Float64Array): Promise<Float64Array> {
    return await this.#fold(purpose, values, (sum, value) => sum + value);
  }

  async max(purpose: string, values: Float64Array): Promise<Float64Array> {
    return await this.#fold(purpose, values, Math.max);
  }

  /** Whether a statement holds on at least one rank: on all of them, or on none, the answer is the same. */
  async any(purpose: string, statement: boolean): Promise<boolean> {
    return (await this.max(purpose, Float64Array.of(Number(statement))))[0] === 1;
  }

  /** The bytes of rank 0; what the others give is not read. */
  async broadcast(purpose: string, bytes: Uint8Array): Promise<Uint8Array> {
    return (await this.gather(purpose, this.rank === 0 ? bytes : new Uint8Array(0)))[0]!;
  }

  /** Fills an array, of one size on all ranks, with what rank 0 has in it. */
  async broadcastInto(purpose: string, out: Cells): Promise<void> {
    await this.exchange(purpose, 1, (exchange) => this.#spread(exchange, 0, out));
  }

  /** Waits until every rank has come here. */
  async barrier(purpose: string): Promise<void> {
    await this.gather(purpose, new Uint8Array(0));
  }

  /** Messages from any rank to any rank, each with one of so many tags. */
  async exchange<T>(purpose: string, tags: number, body: (exchange: Exchange) => Promise<T>): Promise<T> {
    return await this.#meet({ purpose, bytes: 0, tags }, body);
  }

  /** Adds values to those in `out`, cell by cell, in float32. */
  add(out: Float32Array, values: Float32Array): void {
    this.#link.add(out, values);
  }

  /**
   * Ends the processes of all ranks, with a message and an exit status.
   *
   * Where several ranks do, as for a mistake that all of them find, the first says it for all.
   */
  abort(message: string, status: number): never {
    this.#link.abort(
      this.size === 1 ? message : `${this.#meetings.describe(this.rank)} of ${this.size}: ${message}`,
      status,
    );
  }

  /** The end of a rank's part: without it, the launcher takes the end of the process for a crash. */
  async close(): Promise<void> {
    await this.barrier("end");
    this.#link.close();
  }

  async #fold(
    purpose: string,
    values: Float64Array,
    combine: (one: number, other: number) => number,
  ): Promise<Float64Array> {
    const gathered = (await this.gather(purpose, bytesOf(values))).map((bytes) => new Float64Array(bytes.buffer));
    return values.map((_, at) => gathered.map((part) => part[at]!).reduce((one, other) => combine(one, other)));
  }

  async #meet<T>(
    call: Call,
    body: (exchange: Exchange, arrivals: Promise<readonly Arrival[]>) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#meetings.meet(call, body);
    } catch (error) {
      if (error instanceof RankError) this.abort(error.message, temporaryFailure);
      throw error;
    }
  }

  async #lengths(exchange: Exchange, arrivals: Promise<readonly Arrival[]>): Promise<Float64Array> {
    const lengths = new Float64Array(this.size);
    if (this.rank === 0) lengths.set((await arrivals).map(({ bytes }) => bytes));
    await this.#spread(exchange, 0, lengths);
    return lengths;
  }

  /** Fills the parts of rank 0. */
  async #collect(exchange: Exchange, own: Uint8Array, parts: readonly Uint8Array[]): Promise<void> {
    if (this.rank > 0) return own.length > 0 ? await exchange.send(0, 1, own) : undefined;
    parts[0]!.set(own);
    await Promise.all(
      parts.map((part, rank) => (rank > 0 && part.length > 0 ? exchange.receive(rank, 1, part) : undefined)),
    );
  }

  /** Fills an array with rank 0's, along a binomial tree: a rank's parent has its lowest bit cleared. */
  async #spread(exchange: Exchange, tag: number, out: Cells): Promise<void> {
    const lowest = this.rank === 0 ? 2 ** Math.ceil(Math.log2(this.size)) : this.rank & -this.rank;
    if (this.rank > 0) await exchange.receive(this.rank - lowest, tag, out);
    const children: number[] = [];
    for (let bit = lowest / 2; bit >= 1; bit /= 2) if (this.rank + bit < this.size) children.push(this.rank + bit);
    await Promise.all(children.map((child) => exchange.send(child, tag, out)));
  }
}
