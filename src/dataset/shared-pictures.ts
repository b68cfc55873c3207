import { totalmem } from "node:os";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import type { Picture } from "./dataset.ts";
import type { PictureMemory, PicturePlace } from "./picture-memory.ts";

/** Places in the memory are counted in units of so many bytes, so that an int32 reaches far. */
const unit = 16;
/** Of a picture: its units, 0 until they are known; whether it is whole; its place; its height and width. */
const facts = 9;
const headerUnits = Math.ceil((4 * facts) / unit);
const largest = 2 ** 31 - 1;

/**
 * Memory for the pictures of one dataset, for threads to share: plain to send.
 *
 * A system gives it page by page as pictures come, so what is not filled costs nothing.
 *
 * @param bytes at most; no more than the machine has
 * @throws InputError if the system does not promise so much
 */
export function sharedPictureMemory(bytes: number): SharedArrayBuffer {
  const units = Math.min(Math.floor(bytes / unit), Math.floor(totalmem() / unit), largest);
  try {
    return new SharedArrayBuffer(units * unit);
  } catch {
    throw new InputError(`pictures: expected ${units * unit} bytes of memory to keep them in, got none; keep fewer`);
  }
}

/**
 * Pictures that several threads keep in one memory: what one has decoded none decodes again.
 *
 * A picture stays once it is here, and what comes when there is no more room is not kept. Where every picture of a dataset is asked
 * for once a pass, as in training, as many are found as there is room for; if the latest drove out the longest unused, hardly any
 * would stay until they are asked for again.
 */
export class SharedPictures implements PictureMemory {
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  /** Where each picture lies, of those before `#read`. */
  readonly #known = new Map<string, number>();
  /** Up to where this thread has looked for pictures, in units. */
  #read = 1;
  #isFull: boolean;

  /** @param buffer of `sharedPictureMemory`; its first word counts the units in use behind its first unit */
  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#isFull = buffer.byteLength === 0;
  }

  get(place: PicturePlace): Picture | undefined {
    const at = this.#find(keyOf(factsOf(place)));
    if (at === undefined || Atomics.load(this.#words, wordOf(at) + 1) === 0) return undefined;
    const header = this.#words.subarray(wordOf(at), wordOf(at) + facts);
    const [height = 0, width = 0] = header.subarray(7);
    const cells = new Uint8Array(this.#buffer, (at + headerUnits) * unit, height * width * 3);
    return new HostArray("h w c", [height, width, 3], "uint8", cells);
  }

  keep(place: PicturePlace, { shape, cells }: Picture): void {
    const own = factsOf(place);
    if (this.#find(keyOf(own)) !== undefined) return;
    const units = headerUnits + Math.ceil(cells.byteLength / unit);
    const at = this.#reserve(units);
    if (at === null) return;
    const word = wordOf(at);
    this.#words.set([...own, shape[0]!, shape[1]!], word + 2);
    Atomics.store(this.#words, word, units);
    new Uint8Array(this.#buffer, (at + headerUnits) * unit, cells.length).set(cells);
    Atomics.store(this.#words, word + 1, 1);
  }

  mayStay(): boolean {
    return !this.#isFull;
  }

  /** What is here belongs to every thread: it goes with the last of them. */
  clear(): void {
    this.#known.clear();
    this.#read = 1;
  }

  /** A place for so many units that no other thread has; `null` where there is no more room. */
  #reserve(units: number): number | null {
    for (;;) {
      const used = this.#words.length === 0 ? 0 : Atomics.load(this.#words, 0);
      if ((1 + used + units) * unit > this.#buffer.byteLength) {
        this.#isFull = true;
        return null;
      }
      if (Atomics.compareExchange(this.#words, 0, used, used + units) === used) return 1 + used;
    }
  }

  /** Where a picture lies, also one that another thread has reserved room for since this one last looked. */
  #find(key: string): number | undefined {
    const known = this.#known.get(key);
    if (known !== undefined || this.#words.length === 0) return known;
    const end = 1 + Atomics.load(this.#words, 0);
    while (this.#read < end) {
      const units = Atomics.load(this.#words, wordOf(this.#read));
      // Another thread has not yet written how many units it has: what lies behind them is found the next time.
      if (units === 0) break;
      const word = wordOf(this.#read) + 2;
      const found = keyOf(this.#words.subarray(word, word + 5));
      if (!this.#known.has(found)) this.#known.set(found, this.#read);
      this.#read += units;
    }
    return this.#known.get(key);
  }
}

function wordOf(at: number): number {
  return (at * unit) / 4;
}

function factsOf({ camera, episode, frame, fit }: PicturePlace): number[] {
  return [camera, episode, frame, Math.min(fit.height, largest), Math.min(fit.width, largest)];
}

function keyOf(numbers: ArrayLike<number>): string {
  return Array.prototype.join.call(numbers, " ");
}
