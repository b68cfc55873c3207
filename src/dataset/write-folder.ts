import { appendFile, mkdir, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The folder of a dataset that is being written: files appear whole or not at all. */
export class WrittenFolder {
  readonly root: string;
  /** Unfinished files lie here; it is gone when the recording is finished. */
  readonly #scratch: string;

  constructor(root: string) {
    this.root = root;
    this.#scratch = join(root, ".recording");
  }

  /** Makes the folder, if need be, with an empty place for unfinished files. */
  async begin(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
    await mkdir(this.#scratch, { recursive: true });
  }

  /** The path of an unfinished file. */
  scratch(name: string): string {
    return join(this.#scratch, name);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  async read(name: string): Promise<Uint8Array> {
    return await readFile(this.path(name));
  }

  /** Puts a file in its place, over an older one. */
  async put(name: string, bytes: Uint8Array | string): Promise<void> {
    const made = this.scratch("next");
    await writeFile(made, bytes);
    await this.move(made, name);
  }

  /** Puts an unfinished file in its place, over an older one. */
  async move(from: string, name: string): Promise<void> {
    // Else a power failure could leave the name with nothing behind it.
    const file = await open(from, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await mkdir(dirname(this.path(name)), { recursive: true });
    await rename(from, this.path(name));
  }

  /** Adds a line at the end of a file that has `length` bytes so far; returns its new length. */
  async append(name: string, length: number, line: string): Promise<number> {
    await mkdir(dirname(this.path(name)), { recursive: true });
    // What an interrupted recording wrote behind its last whole episode is cut off.
    if (length > 0) await truncate(this.path(name), length);
    else await rm(this.path(name), { force: true });
    const text = `${line}\n`;
    await appendFile(this.path(name), text);
    return length + Buffer.byteLength(text);
  }

  async finish(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
  }
}
