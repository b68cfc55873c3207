import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type BenchRequest, benchTasks, benchVariants } from "../src/command/bench.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";
import { variants } from "../src/policy/variant.ts";
import { compare } from "../tools/parity/compare.ts";
import { markdownTable } from "./markdown.ts";
import { lerobotNeeds, type PolicyContestant, startContestant } from "./policy-contestant.ts";
import type { PolicyTask } from "./policy-task.ts";
import { runScript } from "./script.ts";
import { type Measured, median, ratioTo, takeTurns } from "./turns.ts";

type PolicyBench = Pick<
  BenchRequest,
  "python" | "variant" | "size" | "rows" | "frozen" | "task" | "threads" | "rounds"
>;

/** One number of ours, LeRobot's, and how many times LeRobot's ours is. */
interface Pair {
  readonly own: number;
  readonly theirs: number;
  readonly ratio: number;
}

/** One task of one policy on both sides. */
interface Row {
  readonly variant: string;
  readonly task: PolicyTask;
  readonly torch: string | null;
  /** On the clock, and of the processor, in milliseconds: medians, and the median of the ratios within rounds. */
  readonly ms: Pair;
  readonly processorMs: Pair;
  /** Largest memory in MiB since the process began, and since it was warm. */
  readonly peakMib: Pair;
  readonly workingMib: Pair;
  /** Largest difference of what both computed. */
  readonly apart: number;
}

/** What both sides may differ in, as a share of the largest number. */
const allowed = 1e-4;

/** Steps of training that are compared: behind them, two ways of rounding are two ways of training. */
const comparedRepetitions = 3;

/** Rows of a training step, tokens of its prompt, and how many tokens a policy knows. */
const batches = {
  tiny: { rows: 8, prompt: 16, vocabulary: 1000 },
  base: { rows: 2, prompt: 16, vocabulary: 49_280 },
} as const;

/** Answers and training steps of LeRobot's policies, by LeRobot in PyTorch eager and by ours, from the same weights. */
export async function benchPolicies(bench: PolicyBench, terminal: Terminal): Promise<CommandOutcome> {
  const { python, size, frozen, threads, rounds } = bench;
  const chosen = bench.variant === null ? benchVariants : [bench.variant];
  const tasks = bench.task === null ? benchTasks : [bench.task];
  if (python === null)
    throw new InputError(`bench policy: expected --python, an interpreter with ${lerobotNeeds}, got none`);
  if (frozen !== "default" && chosen.some((variant) => variant !== "smolvla"))
    throw new InputError(`bench policy: expected --variant smolvla with --frozen ${frozen}, got others`);
  const batch = { ...batches[size], ...(bench.rows === null ? {} : { rows: bench.rows }) };
  const rows: Row[] = [];
  for (const variant of chosen) {
    const folder = await mkdtemp(join(tmpdir(), "armature-bench-policy-"));
    try {
      const own = { ...variants[variant].sizes[size], ...batch, frozen, cameras: ["top", "wrist"] };
      await writeFile(join(folder, "size.json"), JSON.stringify(own));
      const words = ["make", folder, "--variant", variant, "--size", join(folder, "size.json")];
      await runScript({ python, name: "lerobot_policy.py", words, needs: lerobotNeeds }, z.unknown());
      await runScript(
        { python: process.execPath, name: "policy-process.ts", words: ["import", folder], needs: "Armature" },
        z.unknown(),
      );
      for (const task of tasks)
        rows.push({ variant, task, ...(await measured({ folder, python, task, threads }, rounds, terminal)) });
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  return { status: 0, json: { size, frozen, batch: batch.rows, threads, rounds, rows }, text: policyTable(size, rows) };
}

async function measured(
  options: { readonly folder: string; readonly python: string; readonly task: PolicyTask; readonly threads: number },
  rounds: number,
  { err: screen }: Terminal,
): Promise<Omit<Row, "variant" | "task">> {
  const theirs = await startContestant(options);
  const contestants: PolicyContestant[] = [theirs];
  try {
    const own = await startContestant({ ...options, python: null });
    contestants.push(own);
    const now = () => performance.now();
    const progress = new Progress({ screen, label: options.task, unit: "turn", total: 2 * rounds, done: 0, now });
    const [base, ours] = await takeTurns(contestants, rounds, (done) => progress.update(done, {}));
    progress.finish();
    return { torch: theirs.torch, apart: agreement(own, theirs), ms: timesOf(ours!, base!), ...facts(own, theirs) };
  } finally {
    for (const { end } of contestants) end();
  }
}

function facts(own: PolicyContestant, theirs: PolicyContestant): Pick<Row, "processorMs" | "peakMib" | "workingMib"> {
  const processor = ({ name, processorMs }: PolicyContestant): Measured => ({
    name,
    timesMs: processorMs,
    medianMs: median(processorMs),
  });
  const pair = (ours: number, base: number): Pair => ({ own: ours, theirs: base, ratio: ours / base });
  return {
    processorMs: timesOf(processor(own), processor(theirs)),
    peakMib: pair(own.peakMib, theirs.peakMib),
    workingMib: pair(own.workingMib, theirs.workingMib),
  };
}

function timesOf(own: Measured, theirs: Measured): Pair {
  return { own: own.medianMs, theirs: theirs.medianMs, ratio: ratioTo(theirs, own) };
}

/**
 * How far apart the sides are in what they computed, as a share of its largest number.
 *
 * @throws Error where they compute different things: times would say nothing
 */
export function agreement(own: Pick<PolicyContestant, "computed">, theirs: Pick<PolicyContestant, "computed">): number {
  const differences = own.computed.slice(0, comparedRepetitions).flatMap((found, at) => {
    const wanted = theirs.computed[at] ?? [];
    // A loss and a norm are two numbers, a chunk is one array.
    if (found.length > 2) return [compare("chunk", found, wanted, allowed).apart];
    return found.map((number, place) => compare("number", [number], wanted.slice(place, place + 1), allowed).apart);
  });
  const apart = Math.max(...differences);
  if (!(apart <= allowed))
    throw new Error(`bench policy: expected both sides to agree within ${allowed}, got ${apart.toExponential(1)}`);
  return apart;
}

function policyTable(size: string, rows: readonly Row[]): string {
  const titles = ["ms", "LeRobot", "ratio", "processor ms", "LeRobot", "ratio", "peak MiB", "LeRobot", "ratio"];
  const pair = ({ own, theirs, ratio }: Pair, digits: number) => [
    own.toFixed(digits),
    theirs.toFixed(digits),
    ratio.toFixed(2),
  ];
  return markdownTable(
    [
      ...["policy", "task"].map((title) => ({ title, align: "left" }) as const),
      ...[...titles, "while it works", "LeRobot", "ratio", "apart"].map(
        (title) => ({ title, align: "right" }) as const,
      ),
    ],
    rows.map(({ variant, task, ms, processorMs, peakMib, workingMib, apart }) => [
      ...[`${variant} ${size}`, task],
      ...pair(ms, 1),
      ...pair(processorMs, 1),
      ...pair(peakMib, 0),
      ...pair(workingMib, 0),
      apart.toExponential(0),
    ]),
  );
}
