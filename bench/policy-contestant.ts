import { z } from "zod";
import type { PolicyTask } from "./policy-task.ts";
import { type RunningScript, startScript } from "./script.ts";
import { type Contestant, median } from "./turns.ts";

const repetition = z.object({
  ms: z.number(),
  processorMs: z.number(),
  peakMib: z.number(),
  workingMib: z.number(),
  computed: z.array(z.number()),
});

const ready = repetition.pick({ computed: true }).extend({ torch: z.string().optional() });

/** A policy in a process of its own, which answers or trains when it is told to. */
export interface PolicyContestant extends Contestant {
  /** Version of PyTorch; `null` for ours. */
  readonly torch: string | null;
  /** What each repetition computed, that of the warm-up first: a chunk, or the loss and the gradient's norm. */
  readonly computed: readonly (readonly number[])[];
  /** Processor time of each turn in milliseconds. */
  readonly processorMs: readonly number[];
  /** Largest memory in MiB since the process began. */
  readonly peakMib: number;
  /** Largest memory since it was warm. */
  readonly workingMib: number;
}

export interface ContestantOptions {
  /** `null` for ours. */
  readonly python: string | null;
  readonly task: PolicyTask;
  /** Where `lerobot_policy.py make` wrote weights and batches. */
  readonly folder: string;
  readonly threads: number;
}

/** Starts one side and waits until it is warm. @throws InputError if it ends before that */
export async function startContestant({ python, task, folder, threads }: ContestantOptions): Promise<PolicyContestant> {
  return await startPolicy(
    python === null ? "armature" : "LeRobot",
    startScript(
      python === null
        ? {
            python: process.execPath,
            name: "policy-process.ts",
            words: [task, folder, String(threads)],
            needs: "Armature",
          }
        : {
            python,
            name: "lerobot_policy.py",
            words: [task, folder, "--threads", String(threads)],
            needs: lerobotNeeds,
          },
    ),
  );
}

/** A policy in a program that speaks as `lerobot_policy.py` does, warm. @throws InputError if it ends before that */
export async function startPolicy(name: string, script: RunningScript): Promise<PolicyContestant> {
  const first = await script.answer(ready);
  const found: z.infer<typeof repetition>[] = [];
  return {
    name,
    torch: first.torch ?? null,
    get computed() {
      return [first.computed, ...found.map(({ computed }) => computed)];
    },
    get processorMs() {
      return found.map(({ processorMs }) => processorMs);
    },
    get peakMib() {
      return Math.max(...found.map(({ peakMib }) => peakMib));
    },
    get workingMib() {
      return median(found.map(({ workingMib }) => workingMib));
    },
    async repeat() {
      script.go();
      const own = await script.answer(repetition);
      found.push(own);
      return own.ms;
    },
    end: () => script.end(),
  };
}

/** What the interpreter must have. */
export const lerobotNeeds = "lerobot 0.6.1, torch and transformers 5.5.4";
