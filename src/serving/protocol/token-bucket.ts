/**
 * Tokens that refill at a rate, up to a second's worth and at least one: each request takes one, and waits for none.
 *
 * @source RFC 2697's committed bucket, in requests
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #most: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#most = Math.max(1, perSecond);
    this.#tokens = this.#most;
    this.#atMs = nowMs;
  }

  /** Whether there was one to take. @param nowMs never less than before */
  take(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Whether it is as if it had never been asked. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens === this.#most;
  }

  #refill(nowMs: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#atMs = nowMs;
  }
}

/** A bucket for each caller; those that are full are forgotten before there are too many. */
export class CallerRates {
  readonly #perSecond: number | null;
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param perSecond requests of one caller; `null`: any number */
  constructor(perSecond: number | null) {
    this.#perSecond = perSecond;
  }

  /** Callers that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether a caller may ask once more. */
  take(caller: string, nowMs: number): boolean {
    if (this.#perSecond === null) return true;
    if (this.#buckets.size >= manyCallers)
      for (const [name, bucket] of this.#buckets) if (bucket.isFull(nowMs)) this.#buckets.delete(name);
    const bucket = this.#buckets.get(caller) ?? new TokenBucket(this.#perSecond, nowMs);
    this.#buckets.set(caller, bucket);
    return bucket.take(nowMs);
  }
}

const manyCallers = 1024;
