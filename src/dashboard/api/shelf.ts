/** What a shelf keeps. */
export interface ShelfOptions<T> {
  /** So many stay open while nobody uses them; the longest unused makes room. */
  readonly most: number;
  readonly close: (value: T) => Promise<void>;
}

/** Where a value stands on a shelf. */
export interface ShelfPlace {
  readonly key: string;
  /** Of what the value is made from: under another stamp it is made anew. */
  readonly stamp: string;
}

interface Kept<T> extends ShelfPlace {
  readonly value: Promise<T>;
  readonly closed: PromiseWithResolvers<void>;
  users: number;
}

/**
 * Values by key, lent out: one is closed where its stamp changes or others need the room, and never while it is in use.
 *
 * One that could not be made is forgotten, and made again for who asks next.
 */
export class Shelf<T> {
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept<T>>();
  /** Nobody gets these any more; each is closed once its last user is done. */
  readonly #leaving = new Set<Kept<T>>();
  readonly #options: ShelfOptions<T>;

  constructor(options: ShelfOptions<T>) {
    this.#options = options;
  }

  /**
   * Does something with a value, which stays open meanwhile.
   *
   * @throws whatever `make`, `work` or closing another value throws
   */
  async use<R>(place: ShelfPlace, make: () => Promise<T>, work: (value: T) => Promise<R>): Promise<R> {
    const kept = this.#take(place, make);
    kept.users++;
    try {
      await this.#tidy();
      return await work(await kept.value);
    } finally {
      kept.users--;
      await this.#tidy();
    }
  }

  /** Closes everything, each value once nobody uses it any more. */
  async clear(): Promise<void> {
    for (const kept of [...this.#kept.values()]) this.#leave(kept);
    const closed = [...this.#leaving].map((kept) => kept.closed.promise);
    await this.#tidy();
    await Promise.all(closed);
  }

  #take({ key, stamp }: ShelfPlace, make: () => Promise<T>): Kept<T> {
    const known = this.#kept.get(key);
    if (known !== undefined && known.stamp !== stamp) this.#leave(known);
    const kept = this.#kept.get(key) ?? this.#made({ key, stamp }, make);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  #made(place: ShelfPlace, make: () => Promise<T>): Kept<T> {
    const kept = { ...place, value: make(), closed: Promise.withResolvers<void>(), users: 0 };
    kept.value.catch(() => this.#leave(kept));
    // Whoever waits for it is told; nobody has to.
    kept.closed.promise.catch(() => {});
    return kept;
  }

  #leave(kept: Kept<T>): void {
    if (this.#kept.get(kept.key) === kept) this.#kept.delete(kept.key);
    this.#leaving.add(kept);
  }

  /** Makes room, and closes what leaves and is not in use. */
  async #tidy(): Promise<void> {
    const unused = [...this.#kept.values()].filter(({ users }) => users === 0);
    for (const kept of unused.slice(0, Math.max(0, this.#kept.size - this.#options.most))) this.#leave(kept);
    const free = [...this.#leaving].filter(({ users }) => users === 0);
    for (const kept of free) this.#leaving.delete(kept);
    await Promise.all(free.map((kept) => this.#close(kept)));
  }

  async #close({ value, closed }: Kept<T>): Promise<void> {
    // What could not be made has nothing to close.
    const closing = value.then(this.#options.close, () => {});
    closing.then(closed.resolve, closed.reject);
    await closing;
  }
}
