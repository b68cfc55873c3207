import { Writable } from "node:stream";
import type { Definition } from "../definition.ts";
import { run } from "../run.ts";

/** What a call of a command came to. */
export interface Called {
  /** Exit status. */
  readonly status: number;
  /** What it wrote on standard output, and on standard error. */
  readonly out: string;
  readonly err: string;
}

/** Calls a command by the words that a user types, in this process and not on a terminal. */
export async function called(commands: readonly Definition[], words: readonly string[]): Promise<Called> {
  const [out, err] = [new Page(), new Page()];
  const status = await run(commands, words, { out, err });
  return { status, out: out.text, err: err.text };
}

/** A screen that is no terminal, and keeps what is written on it. */
export class Page extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
