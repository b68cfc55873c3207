import { z } from "zod";
import { startScript } from "./script.ts";
import type { ShapeName } from "./transformer.ts";
import type { Contestant } from "./turns.ts";

export type Mode = "eager" | "compile" | "autocast";

const names = { eager: "PyTorch eager", compile: "PyTorch compiled", autocast: "PyTorch autocast bf16" } as const;

export interface PyTorchOptions {
  /** The interpreter. */
  readonly python: string;
  readonly shape: ShapeName;
  readonly mode: Mode;
  readonly device: "cpu" | "cuda";
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
export async function startPyTorch({ python, device, shape, mode, ...counts }: PyTorchOptions): Promise<PyTorch> {
  const numbers = Object.entries(counts).flatMap(([name, count]) => [`--${name}`, String(count)]);
  const words = ["--pair", "--device", device, "--shape", shape, "--mode", mode, ...numbers];
  const script = startScript({ python, name: "pytorch_engine.py", words, needs: "torch and numpy" });
  const { torch } = await script.answer(z.object({ torch: z.string() }));
  return {
    name: names[mode],
    version: torch,
    program: script.program,
    async repeat() {
      script.go();
      return (await script.answer(z.object({ ms: z.number() }))).ms;
    },
    end: () => script.end(),
  };
}
