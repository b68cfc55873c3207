/** Robots ask again when they have carried their chunks out: a second or two later as a rule. */
const recentMs = 10_000;

/**
 * Connections that ask at the moment: those that did within ten seconds before the last that did. A client that is connected and asks nothing
 * keeps no robot waiting.
 */
export class Asking {
  /** When each asked last. */
  readonly #last = new Map<number, number>();

  /** @param nowMs never less than before */
  asks(connection: number, nowMs: number): void {
    this.#last.set(connection, nowMs);
    for (const [other, last] of this.#last) if (nowMs - last > recentMs) this.#last.delete(other);
  }

  leaves(connection: number): void {
    this.#last.delete(connection);
  }

  get count(): number {
    return this.#last.size;
  }
}
