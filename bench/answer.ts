import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { mostRows } from "../src/serving/roll-out.ts";
import { findRobot } from "../src/simulation/robots.ts";
import { openAnswers } from "./answer-time.ts";
import { markdownTable } from "./markdown.ts";
import { type PolicyChoice, type UntrainedPolicy, untrainedPolicy } from "./rollout-policy.ts";
import { ratioTo, takeTurns } from "./turns.ts";

/** An answer of which half of a chunk is computed, beside one of which the whole is. */
export interface FirstStepsRow extends PolicyChoice {
  /** Robots that ask at once. */
  readonly rows: number;
  readonly steps: number;
  readonly horizon: number;
  /** Processor time on one thread of an answer to one robot, the median over rounds. */
  readonly wholeMs: number;
  readonly firstMs: number;
  /** Of the time of a whole chunk: the median of the ratios within rounds. */
  readonly ratio: number;
}

const design = findRobot("arm");

const choices: readonly PolicyChoice[] = [
  { size: "mini", variant: "pi0", observation: "state" },
  { size: "mini", variant: "groot_n16", observation: "state" },
  { size: "tiny", variant: "pi0", observation: "state" },
  { size: "tiny", variant: "groot_n16", observation: "state" },
  { size: "tiny", variant: "pi0", observation: "pictures" },
  { size: "tiny", variant: "groot_n16", observation: "pictures" },
];

const rowCounts = [1, mostRows] as const;

/** Answers of which half of the chunk is computed, beside those of which the whole is: the half is equal to the bit. */
export async function benchAnswer(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const total = choices.length * rowCounts.length * 2 * rounds;
  const now = () => performance.now();
  const progress = new Progress({ screen: terminal.err, label: "answer", unit: "turn", total, done: 0, now });
  const place = await mkdtemp(join(tmpdir(), "armature-bench-answer-"));
  try {
    const rows: FirstStepsRow[] = [];
    for (const choice of choices) {
      const untrained = await untrainedPolicy(design, choice, 1, place);
      for (const count of rowCounts) {
        const before = 2 * rounds * rows.length;
        const times = await compare(untrained, count, rounds, (turns) => progress.update(before + turns, {}));
        rows.push({ ...choice, rows: count, ...times });
      }
    }
    progress.finish();
    return { status: 0, json: { robot: design.name, rounds, rows }, text: firstStepsTable(rows) };
  } finally {
    await rm(place, { recursive: true });
  }
}

async function compare(
  untrained: UntrainedPolicy,
  rows: number,
  rounds: number,
  done: (turns: number) => void,
): Promise<Omit<FirstStepsRow, keyof PolicyChoice | "rows">> {
  const horizon = untrained.policy.recipe.policy.actionHorizon;
  const open = (steps: number) => openAnswers(untrained, { design, rows, steps });
  const [whole, first] = [await open(horizon), await open(Math.ceil(horizon / 2))];
  try {
    const [all, half] = await takeTurns([whole, first], rounds, done);
    const times = { wholeMs: all!.medianMs, firstMs: half!.medianMs, ratio: ratioTo(all!, half!) };
    return { steps: first.steps, horizon, ...times };
  } finally {
    for (const { end } of [whole, first]) end();
  }
}

function firstStepsTable(rows: readonly FirstStepsRow[]): string {
  const [left, right] = [
    ["size", "variant", "observation"],
    ["rows", "steps", "ms of the whole", "ms", "of the whole"],
  ];
  return markdownTable(
    [
      ...left.map((title) => ({ title, align: "left" }) as const),
      ...right.map((title) => ({ title, align: "right" }) as const),
    ],
    rows.map(({ size, variant, observation, ...row }) => [
      ...[size, variant, observation, String(row.rows), `${row.steps} of ${row.horizon}`],
      ...[row.wholeMs.toFixed(2), row.firstMs.toFixed(2), row.ratio.toFixed(2)],
    ]),
  );
}
