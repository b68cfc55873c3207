import { type Arrival, arrivalBytes, decodeArrival, encodeArrival, isSameMeeting } from "./arrival.ts";
import { bytesOf, type Cells, type Link, lastTag, temporaryFailure } from "./link.ts";
import { decodePlace, describePlace, encodePlace, isGone, ownPlace, type Place } from "./place.ts";
import { RankError } from "./rank-error.ts";
import { type Meeting, Watch } from "./watch.ts";

/** Messages of one exchange between ranks; tags count from 0. */
export interface Exchange {
  send(to: number, tag: number, values: Cells): Promise<void>;
  receive(from: number, tag: number, out: Cells): Promise<void>;
}

export interface WorldOptions {
  /** How long the slowest rank may be behind the others before the job ends; never part of a number. */
  readonly deadlineSeconds: number;
}

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
  readonly #watch: Watch;
  #places: readonly Place[] = [];
  #meetings = 0;
  #nextTag = firstTag;

  private constructor(link: Link, { deadlineSeconds }: WorldOptions) {
    this.rank = link.rank;
    this.size = link.size;
    this.#link = link;
    this.#watch = new Watch({
      rank: link.rank,
      deadlineSeconds,
      gone: () => [...this.#places.keys()].filter((rank) => isGone(this.#places[rank]!, this.#places[this.rank]!)),
      describe: (rank) => this.#describe(rank),
    });
  }

  static async open(link: Link, options: WorldOptions): Promise<World> {
    const world = new World(link, options);
    world.#places = (await world.gather("start", encodePlace(ownPlace()))).map(decodePlace);
    return world;
  }

  /** Host and process of every rank, in order. */
  get places(): readonly Place[] {
    return this.#places;
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
   * Ends the processes of all ranks, with a message.
   *
   * Where several ranks do, as for a mistake that all of them find, the first says it for all.
   */
  abort(message: string, status = temporaryFailure): never {
    const who = `rank ${this.rank} of ${this.size} (${this.#placeOf(this.rank)})`;
    this.#link.abort(this.size === 1 ? message : `${who}: ${message}`, status);
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

  /** Runs a body in which all ranks take part, while the watch looks after it. */
  async #meet<T>(
    call: Call,
    body: (exchange: Exchange, arrivals: Promise<readonly Arrival[]>) => Promise<T>,
  ): Promise<T> {
    const others = Array.from({ length: this.size - 1 }, (_, at) => at + 1);
    const meeting: Meeting = {
      purpose: call.purpose,
      absent: new Set(this.rank === 0 ? others : []),
      awaited: new Map(),
    };
    const exchange = this.#tracked(meeting, this.#takeTags(call.tags));
    const own = { number: this.#meetings++, purpose: call.purpose, bytes: call.bytes };
    try {
      return await this.#watch.over(meeting, async () => {
        const arrivals = this.#arrive(own, meeting);
        const [result] = await Promise.all([body(exchange, arrivals), arrivals]);
        return result;
      });
    } catch (error) {
      if (error instanceof RankError) this.abort(error.message);
      throw error;
    }
  }

  /** Tells rank 0 that this rank has come; rank 0 hears the others, in order of ranks, itself first. */
  async #arrive(own: Arrival, { absent }: Meeting): Promise<readonly Arrival[]> {
    if (this.rank > 0) {
      await this.#link.send(0, arrivalTag, encodeArrival(own));
      return [own];
    }
    const heard = [...absent].map(async (rank) => {
      const note = new Uint8Array(arrivalBytes);
      await this.#link.receive(rank, arrivalTag, note);
      const arrival = decodeArrival(note);
      if (!isSameMeeting(own, arrival))
        throw new RankError(
          `expected rank ${rank} at "${own.purpose}" (meeting ${own.number}), it is at "${arrival.purpose}" ` +
            `(meeting ${arrival.number}); all ranks need the same program, recipe and data`,
        );
      absent.delete(rank);
      return arrival;
    });
    return [own, ...(await Promise.all(heard))];
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

  #tracked({ awaited, purpose }: Meeting, base: number): Exchange {
    const lost = (rank: number) => (error: unknown) => {
      throw new RankError(
        `${purpose}: lost ${this.#describe(rank)}: ${error instanceof Error ? error.message : error}`,
      );
    };
    return {
      send: (to, tag, values) => this.#link.send(to, base + tag, values).catch(lost(to)),
      receive: async (from, tag, out) => {
        awaited.set(from, (awaited.get(from) ?? 0) + 1);
        await this.#link.receive(from, base + tag, out).catch(lost(from));
        const left = awaited.get(from)! - 1;
        if (left === 0) awaited.delete(from);
        else awaited.set(from, left);
      },
    };
  }

  /** Tags that no other meeting under way has. */
  #takeTags(count: number): number {
    if (this.#nextTag + count > lastTag + 1) this.#nextTag = firstTag;
    this.#nextTag += count;
    return this.#nextTag - count;
  }

  #describe(rank: number): string {
    return `rank ${rank} (${this.#placeOf(rank)})`;
  }

  #placeOf(rank: number): string {
    const place = this.#places[rank];
    return place === undefined ? "not heard of yet" : describePlace(place);
  }
}

/** What a rank brings to a meeting. */
interface Call {
  readonly purpose: string;
  readonly bytes: number;
  readonly tags: number;
}

const arrivalTag = 0;
const firstTag = 1;
