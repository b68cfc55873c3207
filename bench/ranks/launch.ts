import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import type { JobRequest } from "./request.ts";

const job = fileURLToPath(new URL("./job.ts", import.meta.url));
const start = promisify(execFile);
const longestMs = 1_800_000;

/** Whether Open MPI's launcher is there. */
export async function hasLauncher(): Promise<boolean> {
  try {
    return /Open MPI|OpenRTE/.test((await start("mpirun", ["--version"])).stdout);
  } catch {
    return false;
  }
}

/**
 * What rank 0 of a job printed, which runs on so many ranks; one rank needs no launcher.
 *
 * The job ends with this process, however that ends: its rank 0 holds the other end of a pipe.
 */
export async function runJob<T>(ranks: number, request: JobRequest, schema: z.ZodType<T>): Promise<T> {
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", job, JSON.stringify(request)];
  const launcher = ["mpirun", "--oversubscribe", "--bind-to", "none", "--allow-run-as-root", "-np", String(ranks)];
  const [command, ...rest] = ranks === 1 ? program : [...launcher, ...program];
  const { stdout } = await start(command!, rest, { timeout: longestMs, maxBuffer: 2 ** 26 });
  const line = stdout.split("\n").findLast((each) => each.startsWith('{"result"'));
  return schema.parse(z.object({ result: z.unknown() }).parse(JSON.parse(line ?? "null")).result);
}
