import { readFileSync } from "node:fs";
import { reachingRecipe } from "../../src/serving/testing/reaching.ts";
import { trainMicroRun } from "../../src/training/testing/micro-run.ts";
import { begin } from "../end-to-end/command.ts";

const megabyte = 2 ** 20;

/** `armature serve` in a process of its own. */
export interface ServedRun {
  readonly port: number;
  isUp(): boolean;
  /** Resident memory of its process. */
  residentBytes(): number;
  /** Tells it to end. @returns its exit status */
  end(): Promise<number | null>;
}

/** Serves a run, or one of size `micro` that is made for it, once it listens. */
export async function serveInProcess(run: string | undefined, words: readonly string[]): Promise<ServedRun> {
  const own = run === undefined ? await trainMicroRun(reachingRecipe, 1) : null;
  const { child, finished } = begin("serve", run ?? own?.folder ?? "", "--port", "0", "--limits", "off", ...words);
  const port = await new Promise<number>((resolve) => {
    let said = "";
    child.stderr?.on("data", (part: Buffer) => {
      said = (said + part.toString()).slice(-4096);
      const found = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  return {
    port,
    isUp: () => child.exitCode === null,
    residentBytes() {
      const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
      return 1024 * Number(found?.[1]);
    },
    async end() {
      child.kill("SIGTERM");
      const { status } = await finished;
      await own?.remove();
      return status;
    },
  };
}

/** Prints what held and what did not; the program ends with 1 where something did not. */
export function say(held: boolean, what: string): void {
  if (!held) process.exitCode = 1;
  process.stdout.write(`${held ? "held" : "DOES NOT HOLD"}: ${what}\n`);
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MiB`;
}
