import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { z } from "zod";
import { root } from "../src/command/root.ts";
import { InputError } from "../src/input-error.ts";

/** A script of `bench/` and the interpreter that is to run it. */
export interface Script {
  readonly python: string;
  /** Its name in `bench/`. */
  readonly name: string;
  readonly words: readonly string[];
  /** Packages that it needs, for the error. */
  readonly needs: string;
}

/** A script that answers line by line. */
export interface RunningScript {
  readonly program: number | undefined;
  /** @throws InputError if the script ends before it has answered */
  answer<T>(schema: z.ZodType<T>): Promise<T>;
  /** Gives it its turn. */
  go(): void;
  end(): void;
}

/** Starts a script; what it says on standard error is kept for the error only. */
export function startScript(script: Script): RunningScript {
  const { name, words } = script;
  return startProgram(script, [join(root, "bench", name), ...words]);
}

/** Starts a program that speaks as the scripts do. */
export function startProgram(
  { python, needs }: Pick<Script, "python" | "needs">,
  words: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): RunningScript {
  const child = spawn(python, words, { stdio: ["pipe", "pipe", "pipe"], env: environment });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = failure(child, { python, needs });
  child.stdin.on("error", () => undefined);
  return {
    program: child.pid,
    async answer(schema) {
      const line = await Promise.race([failed, lines.next()]);
      return line.done === true ? failed : schema.parse(JSON.parse(line.value));
    },
    go: () => child.stdin.write("go\n"),
    end: () => child.stdin.end(),
  };
}

/** Every answer of a script that needs no turns. */
export async function runScript<T>(script: Script, schema: z.ZodType<T>): Promise<T[]> {
  const { python, name, words } = script;
  const child = spawn(python, [join(root, "bench", name), ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const failed = failure(child, script);
  const found: T[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(schema.parse(JSON.parse(line)));
  return (await Promise.race([closed, failed])) === 0 ? found : failed;
}

/** Rejects when the script cannot be started or has ended, with the last thing that it said. */
function failure(child: ChildProcess, { python, needs }: Pick<Script, "python" | "needs">): Promise<never> {
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  const refusal = (reason: string) =>
    new InputError(`--python ${python}: expected an interpreter with ${needs} (see bench/README.md), got: ${reason}`);
  const failed = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(refusal(error.message)));
    child.on("close", () => reject(refusal(complaint.trim().split("\n").at(-1) ?? "")));
  });
  failed.catch(() => undefined);
  return failed;
}
