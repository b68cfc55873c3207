import { RankError } from "./rank-error.ts";

/** One thing that all ranks do together, while this rank is at it. */
export interface Meeting {
  readonly purpose: string;
  /** At rank 0: ranks that have not come yet. */
  readonly absent: Set<number>;
  /** Messages that this rank waits for, by the rank that sends them. */
  readonly awaited: Map<number, number>;
}

/** How a watch looks and what it does. */
export interface WatchOptions {
  readonly rank: number;
  readonly deadlineSeconds: number;
  /** Ranks whose process has ended. */
  readonly gone: () => readonly number[];
  /** "rank 3 (process 811 on node-2)". */
  readonly describe: (rank: number) => string;
}

const looksPerSecond = 4;

interface Watched {
  readonly since: number;
  /** In trouble at the last look; messages that came while this thread was busy are taken in before the next. */
  isSuspect: boolean;
  fail(error: RankError): void;
}

/**
 * Looks after meetings: one that takes longer than the deadline, or that waits for a process that has ended, fails with a
 * message that names the ranks.
 *
 * Rank 0 knows who has not come; the others give it half as much time again before they name who has not answered them.
 */
export class Watch {
  readonly #options: WatchOptions;
  readonly #meetings = new Map<Meeting, Watched>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Runs a meeting; rejects if the watch ends it. */
  async over<T>(meeting: Meeting, body: () => Promise<T>): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#meetings.set(meeting, { since: performance.now(), fail: reject, isSuspect: false });
        this.#timer ??= setInterval(() => this.#look(), 1000 / looksPerSecond);
        body().then(resolve, reject);
      });
    } finally {
      this.#meetings.delete(meeting);
      if (this.#meetings.size === 0 && this.#timer !== null) {
        clearInterval(this.#timer);
        this.#timer = null;
      }
    }
  }

  #look(): void {
    const gone = this.#options.gone();
    for (const [meeting, watched] of this.#meetings) {
      const trouble =
        gone.length > 0 ? `${this.#listed(gone)} ended before it was done` : this.#overdue(meeting, watched);
      if (trouble !== null && watched.isSuspect) watched.fail(new RankError(`${meeting.purpose}: ${trouble}`));
      watched.isSuspect = trouble !== null;
    }
  }

  #overdue(meeting: Meeting, { since }: Watched): string | null {
    const patience = this.#options.deadlineSeconds * (this.#options.rank === 0 ? 1 : 1.5);
    if (performance.now() - since <= 1000 * patience) return null;
    return `${this.#late(meeting)} within ${Number(patience.toPrecision(3))} s`;
  }

  #late({ absent, awaited }: Meeting): string {
    if (absent.size > 0) return `${this.#listed([...absent])} did not come`;
    const silent = [...awaited.keys()].filter((rank) => rank > 0).sort((one, other) => one - other);
    const late = silent.length > 0 ? `no values came from ${this.#listed(silent)}` : null;
    if (this.#options.rank === 0) return late ?? "the other ranks did not take the values";
    // A rank 0 that lives would have named who is late.
    return `${late === null ? "" : `${late}, and `}nothing was heard of ${this.#options.describe(0)}`;
  }

  #listed(ranks: readonly number[]): string {
    const known = ranks.slice(0, mostListed).map(this.#options.describe);
    return [...known, ...(ranks.length > mostListed ? [`${ranks.length - mostListed} more`] : [])].join(", ");
  }
}

const mostListed = 8;
