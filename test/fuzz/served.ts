import { readFileSync } from "node:fs";
import { type ServerProcess, serveRun } from "../../bench/serving-run.ts";
import { median } from "../../bench/turns.ts";
import { reachingRecipe } from "../../src/serving/testing/reaching.ts";
import { trainMicroRun } from "../../src/training/testing/micro-run.ts";

const megabyte = 2 ** 20;

/** Serves a run, or one of size `micro` that is made for it, once it listens. */
export async function serveInProcess(run: string | undefined, words: readonly string[]): Promise<ServerProcess> {
  if (run !== undefined) return await serveRun(run, ["--limits", "off", ...words]);
  const own = await trainMicroRun(reachingRecipe, 1);
  const server = await serveRun(own.folder, ["--limits", "off", ...words]);
  return {
    ...server,
    stop: async () => {
      const status = await server.stop();
      await own.remove();
      return status;
    },
  };
}

/** Resident memory of a server's process, looked at four times a second: a garbage collector makes each look differ from the next. */
export class ResidentMemory {
  readonly #looks: { readonly at: number; readonly bytes: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param progress of what goes on, from 0 to 1 */
  constructor({ pid }: ServerProcess, progress: () => number) {
    this.#timer = setInterval(() => {
      const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
      this.#looks.push({ at: Math.min(1, progress()), bytes: 1024 * Number(found?.[1]) });
    }, 250);
  }

  /** The median while the progress was within these bounds, in bytes. */
  during(from: number, to: number): number {
    return median(this.#looks.filter(({ at }) => from <= at && at <= to).map(({ bytes }) => bytes));
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

/** Prints what held and what did not; the program ends with 1 where something did not. */
export function say(held: boolean, what: string): void {
  if (!held) process.exitCode = 1;
  process.stdout.write(`${held ? "held" : "DOES NOT HOLD"}: ${what}\n`);
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MiB`;
}
