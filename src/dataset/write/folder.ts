import { appendFile, open, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "../../make-folder.ts";

/** The folder of a dataset that is being written: files appear whole or not at all. */
export class WrittenFolder {
  readonly root: string;
  /** Unfinished files lie here; it is gone when the recording is finished. */
  readonly #scratch: string;

  #pending: { readonly from: string | null; readonly put: () => Promise<void> }[] = [];

  constructor(root: string) {
    this.root = root;
    this.#scratch = join(root, ".recording");
  }

  /** Makes the folder, if need be, with an empty place for unfinished files. */
  async begin(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
    await makeFolder(this.#scratch);
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

  /** Prepares a file that `commit` puts in its place, over an older one. */
  async put(name: string, bytes: Uint8Array | string): Promise<void> {
    const made = this.scratch(`next ${this.#pending.length}`);
    await writeFile(made, bytes);
    this.move(made, name);
  }

  /** Has `commit` put an unfinished file in its place, over an older one. */
  move(from: string, name: string): void {
    this.#pending.push({
      from,
      put: async () => {
        await makeFolder(dirname(this.path(name)));
        await rename(from, this.path(name));
      },
    });
  }

  /** Has `commit` add a line at the end of a file that has `length` bytes so far; returns its new length. */
  append(name: string, length: number, line: string): number {
    const text = `${line}\n`;
    this.#pending.push({
      from: null,
      put: async () => {
        await makeFolder(dirname(this.path(name)));
        // What an interrupted recording wrote behind its last whole episode is cut off.
        if (length > 0) await truncate(this.path(name), length);
        else await rm(this.path(name), { force: true });
        await appendFile(this.path(name), text);
      },
    });
    return length + Buffer.byteLength(text);
  }

  /** Puts everything in place, in the order in which it came. */
  async commit(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    // Else a power failure could leave names with nothing behind them. All at once takes the disk as long as one.
    await Promise.all(pending.map(({ from }) => (from === null ? null : sync(from))));
    for (const { put } of pending) await put();
  }

  async finish(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
