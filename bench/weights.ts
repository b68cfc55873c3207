import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { InputError } from "../src/input-error.ts";
import { type WeightKind, weightKindsHere } from "../src/objective/weight-kind.ts";
import { markdownTable } from "./markdown.ts";
import { startScript } from "./script.ts";
import { type Contestant, type Measured, median, ratioTo, takeTurns } from "./turns.ts";
import { settingOf, type sizes, type WeightVariant, weightFile, weightVariants, writeWeights } from "./weights-file.ts";

export interface WeightBench {
  readonly variant: WeightVariant;
  readonly size: (typeof sizes)[number];
  readonly threads: number;
  readonly rounds: number;
}

const ready = z.object({ startMs: z.number(), startMib: z.number(), actions: z.array(z.number()) });
const repetition = z.object({ ms: z.number(), processorMs: z.number(), workingMib: z.number() });

/** A policy in a process of its own. */
interface Holder extends Contestant {
  readonly started: z.infer<typeof ready>;
  readonly turns: readonly z.infer<typeof repetition>[];
}

/** What a policy costs with its weights as each kind, beside float32. */
interface Row {
  readonly weights: WeightKind;
  readonly ms: number;
  readonly msRatio: number;
  readonly processorMs: number;
  readonly processorRatio: number;
  readonly workingMib: number;
  /** Until the first answer. */
  readonly startMib: number;
  readonly startMs: number;
  /** How far its actions lie from those of float32: root mean square, in standard deviations of these. */
  readonly change: number;
}

/**
 * Answers of a policy that nobody trained, with its weights as each kind that this machine has products of, in turns.
 *
 * @throws InputError where it is another policy than those that are measured
 */
export async function benchWeights(
  asked: Omit<WeightBench, "variant"> & { readonly variant: string | null },
  terminal: Terminal,
): Promise<CommandOutcome> {
  const bench = { ...asked, variant: variantNamed(asked.variant) };
  const { variant, size, threads, rounds } = bench;
  const folder = await mkdtemp(join(tmpdir(), "armature-bench-weights-"));
  const holders: Holder[] = [];
  try {
    terminal.err.write("weights: writing them\n");
    await writeWeights(join(folder, weightFile), settingOf(variant, size));
    const weightKinds = await weightKindsHere();
    for (const kind of weightKinds) holders.push(await startHolder(bench, folder, kind));
    const now = () => performance.now();
    const total = holders.length * rounds;
    const progress = new Progress({ screen: terminal.err, label: "weights", unit: "turn", total, done: 0, now });
    const clock = await takeTurns(holders, rounds, (done) => progress.update(done, {}));
    progress.finish();
    const rows = holders.map((holder, at) => rowOf(weightKinds[at]!, [holder, clock[at]!], [holders[0]!, clock[0]!]));
    return { status: 0, json: { variant, size, threads, rounds, rows }, text: weightTable(`${variant} ${size}`, rows) };
  } finally {
    for (const { end } of holders) end();
    await rm(folder, { recursive: true });
  }
}

/** A policy that a bench was asked for; `null`: SmolVLA. @throws InputError where its flow makes no actions, or it is only a head */
function variantNamed(name: string | null): WeightVariant {
  const known = weightVariants.find((one) => one === (name ?? "smolvla"));
  if (known !== undefined) return known;
  throw new InputError(`bench weights --variant: expected one of ${weightVariants.join(", ")}, got "${name}"`);
}

async function startHolder({ variant, size, threads }: WeightBench, folder: string, kind: WeightKind): Promise<Holder> {
  const words = [folder, variant, size, kind, String(threads)];
  const script = startScript({ python: process.execPath, name: "weights-process.ts", words, needs: "Armature" });
  const started = await script.answer(ready);
  const turns: z.infer<typeof repetition>[] = [];
  return {
    name: kind,
    started,
    turns,
    repeat: async () => {
      script.go();
      const turn = await script.answer(repetition);
      turns.push(turn);
      return turn.ms;
    },
    end: () => script.end(),
  };
}

function rowOf(
  weights: WeightKind,
  [own, clock]: readonly [Holder, Measured],
  [base, baseClock]: readonly [Holder, Measured],
): Row {
  const processor = ({ name, turns }: Holder): Measured => {
    const timesMs = turns.map(({ processorMs }) => processorMs);
    return { name, timesMs, medianMs: median(timesMs) };
  };
  return {
    weights,
    ms: clock.medianMs,
    msRatio: ratioTo(baseClock, clock),
    processorMs: processor(own).medianMs,
    processorRatio: ratioTo(processor(base), processor(own)),
    workingMib: median(own.turns.map(({ workingMib }) => workingMib)),
    startMib: own.started.startMib,
    startMs: own.started.startMs,
    change: changeOf(own.started.actions, base.started.actions),
  };
}

function changeOf(own: readonly number[], base: readonly number[]): number {
  const mean = base.reduce((sum, value) => sum + value, 0) / base.length;
  const square = (values: readonly number[]) => values.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(square(own.map((value, at) => value - base[at]!)) / square(base.map((value) => value - mean)));
}

function weightTable(policy: string, rows: readonly Row[]): string {
  const titles = ["ms", "of float32", "processor ms", "of float32", "MiB", "MiB at start", "start s", "actions move"];
  return markdownTable(
    [
      ...["policy", "weights"].map((title) => ({ title, align: "left" }) as const),
      ...titles.map((title) => ({ title, align: "right" }) as const),
    ],
    rows.map((row) => [
      ...[policy, row.weights, row.ms.toFixed(0), row.msRatio.toFixed(2)],
      ...[
        row.processorMs.toFixed(0),
        row.processorRatio.toFixed(2),
        row.workingMib.toFixed(0),
        row.startMib.toFixed(0),
      ],
      ...[(row.startMs / 1000).toFixed(1), row.change.toFixed(3)],
    ]),
  );
}
