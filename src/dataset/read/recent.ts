/**
 * The values that were used last, as many as fit into `capacity`; the longest unused makes room.
 *
 * A value larger than the capacity is not kept, and makes none of the others go.
 */
export class Recent<K, V> {
  readonly #entries = new Map<K, { readonly value: V; readonly weight: number }>();
  readonly #capacity: number;
  readonly #drop: (value: V) => void;
  #weight = 0;

  /** @param drop what is done with a value that makes room */
  constructor(capacity: number, drop: (value: V) => void) {
    this.#capacity = capacity;
    this.#drop = drop;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value whose weight is counted against the capacity; one that was kept under the key is dropped. */
  set(key: K, value: V, weight: number): void {
    if (this.#entries.get(key)?.value !== value) this.delete(key);
    else this.#forget(key);
    if (weight > this.#capacity) return;
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#capacity) break;
      this.delete(oldest);
    }
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#forget(key);
    this.#drop(entry.value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  #forget(key: K): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
