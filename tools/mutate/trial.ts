import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** Tests to run, in this order. */
export interface Asked {
  readonly folder: string;
  readonly tests: readonly string[];
  /** Whether to end at the first that fails. */
  readonly bail: boolean;
}

export interface Failure {
  readonly file: string;
  /** Groups and name of the test; `null` where the file did not run at all. */
  readonly test: string | null;
  /** First line of what went wrong. */
  readonly error: string;
}

export interface Verdict {
  readonly passed: number;
  /** In the order of the tests that were asked for. */
  readonly failures: readonly Failure[];
}

/** What tests that never answered have done. */
export type NoEnd = "no end in time" | "a crash";

/**
 * Runs tests in a process of their own, so that whatever a missing guard does ends there.
 *
 * @param limitMs after which it is stopped
 * @param stop tells that nobody waits for it any more
 */
export async function runTrial(asked: Asked, limitMs: number, stop: AbortSignal): Promise<Verdict | NoEnd> {
  const program = join(import.meta.dirname, "test-process.ts");
  // A group of its own: the workers that it starts end with it.
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: asked.folder,
  });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  const ending = AbortSignal.any([AbortSignal.timeout(limitMs), stop]);
  ending.addEventListener("abort", end);
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify(asked));
  const answer = await text(child.stdout);
  ending.removeEventListener("abort", end);
  stop.throwIfAborted();
  if (answer !== "") return JSON.parse(answer);
  return ending.aborted ? "no end in time" : "a crash";
}
