import { Console } from "node:console";
import type { Definition } from "./definition.ts";
import { explain, run } from "./run.ts";

/** Runs the command line that this process was given against a list of commands, as its whole work. */
export async function start(commands: readonly Definition[]): Promise<void> {
  // Standard output belongs to what the command found: whatever a library prints goes to standard error.
  globalThis.console = new Console(process.stderr, process.stderr);

  process.on("uncaughtException", (error) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(70);
  });

  // A file that has grown as large as it may is an error to be told; unheard, the signal would end the process without a word.
  if (process.platform !== "win32") process.on("SIGXFSZ", () => {});

  // `armature inspect … | head` closes the pipe early, which is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });

  process.exitCode = await run(commands, process.argv.slice(2), { out: process.stdout, err: process.stderr });
}
