import { spawn } from "node:child_process";
import { once } from "node:events";
import { claim } from "./claim.ts";

/** The runs of an experiment: several processes share them, each run is carried out once. */
export interface Runs<Job> {
  /** In the order in which they are wanted. */
  readonly jobs: readonly Job[];
  /** Folder that says who works on what. */
  readonly claims: string;
  readonly nameOf: (job: Job) => string;
  readonly isDone: (job: Job) => Promise<boolean>;
  readonly carryOut: (job: Job, say: (what: string) => void) => Promise<void>;
}

/** Starts this program so many times over, with `--worker`, and waits for all of them. */
export async function startWorkers(count: number): Promise<void> {
  const own = [...process.execArgv, ...process.argv.slice(1), "--worker"];
  const workers = Array.from({ length: count }, () => spawn(process.execPath, own, { stdio: "inherit" }));
  const codes = await Promise.all(workers.map((worker) => once(worker, "exit")));
  if (codes.some(([code]) => code !== 0)) process.exitCode = 1;
}

/** One run after another, those that nobody else works on. */
export async function workThrough<Job>({ jobs, claims, nameOf, isDone, carryOut }: Runs<Job>): Promise<void> {
  for (const job of jobs) {
    const release = await claim(claims, nameOf(job));
    if (release === null) continue;
    const say = (what: string) => process.stderr.write(`${nameOf(job)} ${what}\n`);
    if (!(await isDone(job))) {
      say("begins");
      await carryOut(job, say);
    }
    await release();
  }
}
