import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** What a command of the product printed on standard output, and how it ended. */
export interface Printed {
  readonly status: number;
  readonly output: string;
}

/** Runs `./armature` on one rank. */
export const armature = (options: readonly string[]): Promise<Printed> => run("./armature", options);

/** Runs `./armature` on two ranks of Open MPI. */
export function armatureOnTwoRanks(options: readonly string[]): Promise<Printed> {
  const launch = ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-np", "2", "./armature"];
  return run("mpirun", [...launch, ...options]);
}

async function run(command: string, options: readonly string[]): Promise<Printed> {
  const child = spawn(command, options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
  const [output, status] = await Promise.all([text(child.stdout), ended]);
  return { status, output };
}

/** What a command printed. @throws Error if it did not end well */
export function expected({ status, output }: Printed): string {
  if (status !== 0) throw new Error(`expected a command that ends with status 0, got ${status}: ${output}`);
  return output;
}
