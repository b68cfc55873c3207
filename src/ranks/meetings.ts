import { type Arrival, arrivalBytes, decodeArrival, encodeArrival, isSameMeeting } from "./arrival.ts";
import { type Cells, type Link, lastTag } from "./link.ts";
import { describePlace, isGone, type Place } from "./place.ts";
import { RankError } from "./rank-error.ts";
import { type Meeting, Watch } from "./watch.ts";

/** Messages of one meeting; tags count from 0. */
export interface Exchange {
  send(to: number, tag: number, values: Cells): Promise<void>;
  receive(from: number, tag: number, out: Cells): Promise<void>;
}

/** What a rank comes to a meeting with. */
export interface Call {
  readonly purpose: string;
  /** Length of what it brings. */
  readonly bytes: number;
  /** Kinds of messages that the meeting tells apart. */
  readonly tags: number;
}

export interface MeetingOptions {
  /** How long the slowest rank may be behind the others before the job ends; never part of a number. */
  readonly deadlineSeconds: number;
}

/** What ranks do together, one thing after the other: each is announced to rank 0 and looked after by a watch. */
export class Meetings {
  /** Where the ranks are, once that has been told. */
  places: readonly Place[] = [];
  readonly #link: Link;
  readonly #watch: Watch;
  #count = 0;
  #nextTag = firstTag;

  constructor(link: Link, { deadlineSeconds }: MeetingOptions) {
    this.#link = link;
    this.#watch = new Watch({
      rank: link.rank,
      deadlineSeconds,
      gone: () => [...this.places.keys()].filter((rank) => isGone(this.places[rank]!, this.places[link.rank]!)),
      describe: (rank) => this.describe(rank),
    });
  }

  /** "rank 3 (process 811 on node-2)". */
  describe(rank: number): string {
    const place = this.places[rank];
    return `rank ${rank} (${place === undefined ? "not heard of yet" : describePlace(place)})`;
  }

  /**
   * Runs a body in which all ranks take part.
   *
   * @param body its `arrivals` are those of all ranks at rank 0, and the own one elsewhere
   * @throws RankError naming ranks that are late, lost or at another meeting
   */
  async meet<T>(
    { purpose, bytes, tags }: Call,
    body: (exchange: Exchange, arrivals: Promise<readonly Arrival[]>) => Promise<T>,
  ): Promise<T> {
    const { rank, size } = this.#link;
    const others = Array.from({ length: size - 1 }, (_, at) => at + 1);
    const meeting: Meeting = { purpose, absent: new Set(rank === 0 ? others : []), awaited: new Map() };
    const exchange = this.#exchange(meeting, this.#takeTags(tags));
    const own = { number: this.#count++, purpose, bytes };
    return await this.#watch.over(meeting, async () => {
      const arrivals = this.#arrive(own, meeting);
      const [result] = await Promise.all([body(exchange, arrivals), arrivals]);
      return result;
    });
  }

  /** Tells rank 0 that this rank has come; rank 0 hears the others, in order of ranks, itself first. */
  async #arrive(own: Arrival, { absent }: Meeting): Promise<readonly Arrival[]> {
    if (this.#link.rank > 0) {
      await this.#link.send(0, arrivalTag, encodeArrival(own));
      return [own];
    }
    const heard = [...absent].map(async (rank) => {
      const note = new Uint8Array(arrivalBytes);
      await this.#link.receive(rank, arrivalTag, note);
      const arrival = decodeArrival(note);
      if (!isSameMeeting(own, arrival))
        throw new RankError(
          `expected ${this.describe(rank)} at "${own.purpose}" (meeting ${own.number}), it is at "${arrival.purpose}" ` +
            `(meeting ${arrival.number}); all ranks need the same program, recipe and data`,
        );
      absent.delete(rank);
      return arrival;
    });
    return [own, ...(await Promise.all(heard))];
  }

  #exchange({ awaited, purpose }: Meeting, base: number): Exchange {
    const lost = (rank: number) => (error: unknown) => {
      throw new RankError(`${purpose}: lost ${this.describe(rank)}: ${error instanceof Error ? error.message : error}`);
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
}

const arrivalTag = 0;
const firstTag = 1;
