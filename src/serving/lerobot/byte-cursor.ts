import { InputError } from "../../input-error.ts";

/** Bytes that are read one after the other; whatever is longer than what is left is refused before anything is made of it. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  #at = 0;

  /** @param where names the bytes in errors */
  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
  }

  /** Bytes that were read. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.#view.getUint8(this.#pass(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#pass(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#pass(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#pass(4), true);
  }

  /** Big-endian, as pickles have them. */
  float64(): number {
    return this.#view.getFloat64(this.#pass(8), false);
  }

  /** A length of 8 bytes. @throws InputError where more is asked for than is left */
  length64(): number {
    const length = Number(this.#view.getBigUint64(this.#pass(8), true));
    this.#require(length);
    return length;
  }

  /** A whole number in two's complement, of at most 8 bytes. @throws InputError where it is longer, or no number holds it exactly */
  integer(bytes: number): number {
    const from = this.#pass(bytes);
    const value = bytes <= 8 ? Number(this.#signed(from, bytes)) : Number.NaN;
    if (!Number.isSafeInteger(value))
      throw new InputError(`${this.#where}: expected whole numbers below 2⁵³, got one of ${bytes} bytes`);
    return value;
  }

  /** The next bytes, not copied. */
  take(length: number): Uint8Array {
    const from = this.#pass(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** @throws InputError where they are no text in UTF-8 */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new InputError(`${this.#where}: expected a text in UTF-8, got bytes that are none`);
    }
  }

  /** Passes what has to stand here, one character for each byte. @throws InputError where something else does */
  expect(literal: string): void {
    const at = this.#at;
    const found = this.take(literal.length);
    if (found.some((byte, index) => byte !== literal.charCodeAt(index)))
      throw new InputError(`${this.#where}: expected what torch writes at byte ${at} of a tensor, got something else`);
  }

  /** Up to the end of a line, of at most 32 letters. */
  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + 32).indexOf(0x0a);
    const line = this.text(Math.max(0, end));
    this.expect("\n");
    return line;
  }

  #signed(from: number, bytes: number): bigint {
    let value = 0n;
    for (let byte = bytes - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(this.#bytes[from + byte]!);
    return BigInt.asIntN(8 * bytes, value);
  }

  #pass(length: number): number {
    this.#require(length);
    const from = this.#at;
    this.#at += length;
    return from;
  }

  #require(length: number): void {
    if (length > this.left)
      throw new InputError(
        `${this.#where}: expected ${length} more bytes at byte ${this.#at}, got ${this.left}; it is cut short, or says a wrong length`,
      );
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
