import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { recipeOf } from "../src/command/train.ts";
import { ownRecipe } from "../src/own-package.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import { contestantOf, type PaddedStep, paddedSteps } from "./padding.ts";
import { type Contestant, ratioTo, takeTurns } from "./turns.ts";

export interface PaddingBench {
  readonly threads: number;
  readonly rounds: number;
}

/** Policies of one size: with no history, and with every kind of padding. */
const policies: readonly { readonly recipe: string; readonly settings: readonly string[] }[] = [
  { recipe: "real-mixture", settings: [] },
  { recipe: "every-padding", settings: ["policy.size=tiny", "policy.variant=pi0"] },
  { recipe: "every-padding", settings: ["policy.size=tiny", "policy.variant=groot_n16"] },
];

const warmupSteps = 3;

/** A turn takes about this long. */
const turnMs = 1000;

interface Row {
  readonly policy: string;
  readonly name: string;
  /** Selections and masked attentions in the forward half. */
  readonly guards: number;
  readonly medianMs: number;
  readonly timesMs: readonly number[];
  /** To the step without guards, the median over rounds. */
  readonly ratio: number;
}

/** What selections and masks cost: a training step on a batch in which everything is real, with them and without. */
export async function benchPadding({ threads, rounds }: PaddingBench, terminal: Terminal): Promise<CommandOutcome> {
  const rows: Row[] = [];
  for (const { recipe, settings } of policies) {
    const policy = [recipe, ...settings].join(" ");
    const loaded = await recipeOf(ownRecipe(recipe), settings);
    rows.push(...(await measured(policy, loaded, { threads, rounds }, terminal)));
  }
  return { status: 0, json: { threads, rounds, rows }, text: costTable(rows) };
}

async function measured(
  policy: string,
  recipe: Recipe,
  { threads, rounds }: PaddingBench,
  { err: screen }: Terminal,
): Promise<Row[]> {
  const steps = await paddedSteps(recipe, threads);
  try {
    const [bare, guarded] = [await warm("without", steps.without), await warm("with", steps.with)];
    const [label, unit, now] = [policy, "turn", () => performance.now()] as const;
    const progress = new Progress({ screen, label, unit, total: 2 * rounds, done: 0, now });
    const both = await takeTurns([bare, guarded], rounds, (done) => progress.update(done, {}));
    progress.finish();
    const guards = [steps.without.guards, steps.with.guards];
    return both.map((each, at) => ({ policy, ...each, guards: guards[at]!, ratio: ratioTo(both[0]!, each) }));
  } finally {
    steps.without.release();
    steps.with.release();
  }
}

async function warm(name: string, step: PaddedStep): Promise<Contestant> {
  const began = performance.now();
  for (let at = 0; at < warmupSteps; at++) await step.step();
  const took = (performance.now() - began) / warmupSteps;
  return contestantOf(name, step, Math.max(1, Math.round(turnMs / took)));
}

function costTable(rows: readonly Row[]): string {
  return table(
    [
      { title: "one training step", align: "left" },
      { title: "guards", align: "right" },
      { title: "median ms", align: "right" },
      { title: "fastest ms", align: "right" },
      { title: "cost", align: "right" },
    ],
    rows.map(({ policy, name, guards, medianMs, timesMs, ratio }) => [
      name === "without" ? policy : "",
      String(guards),
      medianMs.toFixed(2),
      Math.min(...timesMs).toFixed(2),
      name === "without" ? "" : `${(100 * (ratio - 1)).toFixed(1)} %`,
    ]),
  );
}
