import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { InputError } from "../../input-error.ts";
import { root } from "../root.ts";
import type { ShapeName } from "./transformer.ts";
import type { Contestant } from "./turns.ts";

export type Mode = "eager" | "compile";

export interface PyTorchOptions {
  /** The interpreter. */
  readonly python: string;
  readonly shape: ShapeName;
  readonly mode: Mode;
  readonly threads: number;
  /** Steps of one repetition. */
  readonly steps: number;
}

/** A contestant that runs in Python, and the version of PyTorch there. */
export interface PyTorch extends Contestant {
  readonly version: string;
}

/**
 * PyTorch's training of the same transformer, warmed up and waiting for its turn.
 *
 * @throws InputError if the interpreter is not there, or ends before it is ready: without PyTorch, or without a C++ compiler
 * @source bench/pytorch_engine.py, `--pair`
 */
export async function startPyTorch({ python, shape, mode, threads, steps }: PyTorchOptions): Promise<PyTorch> {
  const script = join(root, "bench/pytorch_engine.py");
  const words = ["--pair", "--shape", shape, "--mode", mode, "--threads", String(threads), "--steps", String(steps)];
  const child = spawn(python, [script, ...words], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(refusal(python, error.message)));
    child.on("close", () => reject(refusal(python, lastLine(complaint))));
  });
  failed.catch(() => undefined);
  child.stdin.on("error", () => undefined);
  const nextLine = async (): Promise<Answer> => {
    const line = await Promise.race([failed, lines.next()]);
    return line.done === true ? failed : JSON.parse(line.value);
  };
  const { torch = "unknown" } = await nextLine();
  return {
    name: `PyTorch ${mode === "eager" ? "eager" : "compiled"}`,
    version: torch,
    async repeat() {
      child.stdin.write("go\n");
      return (await nextLine()).ms ?? Number.NaN;
    },
    end: () => child.stdin.end(),
  };
}

/** What the script says: `torch` when it is ready, `ms` after a repetition. */
interface Answer {
  readonly torch?: string;
  readonly ms?: number;
}

function refusal(python: string, reason: string): InputError {
  return new InputError(
    `--python ${python}: expected an interpreter with torch and numpy (see bench/README.md), got: ${reason}`,
  );
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
