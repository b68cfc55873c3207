import { address } from "./foreign-library.ts";

/** Names as C takes them: pointers to texts that end with a zero byte. */
export class Names {
  readonly pointers: BigUint64Array;
  readonly #texts: readonly Uint8Array[];

  constructor(names: readonly string[]) {
    this.#texts = names.map((name) => new TextEncoder().encode(`${name}\0`));
    this.pointers = BigUint64Array.from(this.#texts, (text) => address(text));
  }
}
