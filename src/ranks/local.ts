import { addInto, bytesOf, type Cells, type Link, lastTag } from "./link.ts";

/**
 * Links of ranks that live in one process, in order of rank: one for an ordinary run, several to try laws of ranks.
 *
 * `abort` throws, so that one rank's end can be watched by the others.
 */
export function localLinks(size: number): Link[] {
  const mail = new Map<string, Lane>();
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    async send(to: number, tag: number, values: Cells) {
      if (tag < 0 || tag > lastTag)
        throw new RangeError(`rank ${rank}: expected a tag from 0 to ${lastTag}, got ${tag}`);
      laneOf(mail, `${rank} to ${to}, ${tag}`).put(bytesOf(values).slice());
    },
    async receive(from: number, tag: number, out: Cells) {
      const values = await laneOf(mail, `${from} to ${rank}, ${tag}`).take();
      if (values.byteLength !== out.byteLength)
        throw new RangeError(`rank ${rank}: expected ${out.byteLength} bytes from rank ${from}, got ${values.length}`);
      bytesOf(out).set(values);
    },
    add: addInto,
    abort(message: string): never {
      throw new Error(message);
    },
    close() {},
  }));
}

function laneOf(mail: Map<string, Lane>, name: string): Lane {
  const lane = mail.get(name) ?? new Lane();
  mail.set(name, lane);
  return lane;
}

/** Messages on their way from one rank to another, or receivers that wait for them. */
class Lane {
  readonly #messages: Uint8Array[] = [];
  readonly #receivers: ((message: Uint8Array) => void)[] = [];

  put(message: Uint8Array): void {
    const receiver = this.#receivers.shift();
    if (receiver === undefined) this.#messages.push(message);
    else receiver(message);
  }

  take(): Promise<Uint8Array> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => this.#receivers.push(resolve));
  }
}
