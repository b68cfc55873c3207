/** An array as it was written, before it was seen in other shapes. */
export interface Written {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The same cells under other shapes: equal views are one, and a view is written when it is read for the first time. */
export class Views {
  readonly #names = new Map<string, string>();
  readonly #originals = new Map<string, Written>();
  readonly #unwritten = new Map<string, readonly number[]>();

  /** What a view was made of; nothing for any other name. */
  original(name: string): Written | undefined {
    return this.#originals.get(name);
  }

  /** Name of an array's cells under a shape; `newName` gives one to a view that is not there yet. */
  view(original: Written, shape: readonly number[], newName: () => string): string {
    const key = `${original.name} [${shape.join()}]`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = newName();
    this.#names.set(key, name);
    this.#originals.set(name, original);
    this.#unwritten.set(name, shape);
    return name;
  }

  /** The shape of a view that was not read before; from now on it was. */
  firstReading(name: string): readonly number[] | undefined {
    const shape = this.#unwritten.get(name);
    this.#unwritten.delete(name);
    return shape;
  }
}
