import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recipe as realMixture } from "../recipes/real-mixture.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import { Progress } from "../src/command/progress.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import type { Feature } from "../src/dataset/dataset.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import { aloneWorld } from "../src/ranks/open-world.ts";
import type { Recipe, RecipeDataset } from "../src/recipe/schema.ts";
import { newState } from "../src/training/begin.ts";
import { Run } from "../src/training/run.ts";
import type { StepShare } from "../src/training/trainer.ts";
import { type AnswerRow, answersTable, shapedAnswers } from "./shaped-answers.ts";
import { type Contestant, type Measured, median, takeTurns } from "./turns.ts";

export interface ShapesBench {
  readonly threads: number;
  readonly rounds: number;
}

/** Steps whose batches are made before the clock runs; a turn computes each once. */
const steps = 2;

const mixtures: readonly { readonly name: string; readonly recipe: Recipe }[] = [
  { name: "no camera, 1 camera", recipe: mixtureOf(["camera"], [[], ["camera"]]) },
  {
    name: "1 camera, 3 cameras",
    recipe: mixtureOf(["camera", "left", "right"], [["camera"], ["camera", "left", "right"]]),
  },
  { name: "real-mixture", recipe: realMixture },
];

interface Row {
  readonly mixture: string;
  readonly name: string;
  readonly medianMs: number;
  readonly timesMs: readonly number[];
  /** Of the step in one shape, and of the sum of what each sample costs beside its own kind; medians over rounds. */
  readonly ofOne: number;
  readonly ofKinds: number;
}

/**
 * A training step of mixtures in one shape and in shapes that fit, beside what its samples cost in batches of their own kind: of as many
 * samples, all of one dataset, in the shape that these need.
 */
export async function benchShapes(
  { threads, rounds }: ShapesBench,
  { err: screen }: Terminal,
): Promise<CommandOutcome> {
  const cache = await mkdtemp(join(tmpdir(), "armature-shapes-"));
  const rows: Row[] = [];
  const answers: AnswerRow[] = [];
  try {
    for (const { name, recipe } of mixtures) {
      const kinds = recipe.data.datasets.map((dataset) => ({
        ...recipe,
        data: { ...recipe.data, datasets: [dataset] },
      }));
      const fitted = [recipe, ...kinds].map((one) => withShapes(one, "fit"));
      const recipes = [withShapes(recipe, "one"), ...fitted].map((one) => ({ ...one, threads }));
      const contestants: Stepping[] = [];
      for (const [at, one] of recipes.entries()) contestants.push(await stepping(namesOf(at), one, cache));
      const [label, unit, now] = [name, "turn", () => performance.now()] as const;
      const progress = new Progress({ screen, label, unit, total: recipes.length * rounds, done: 0, now });
      const measured = await takeTurns(contestants, rounds, (done) => progress.update(done, {}));
      progress.finish();
      for (const { close } of contestants) await close();
      rows.push(...rowsOf(name, measured));
      answers.push(...(await shapedAnswers({ ...recipe, threads }, { rounds, cache }, screen)));
    }
  } finally {
    await rm(cache, { recursive: true });
  }
  return {
    status: 0,
    json: { threads, rounds, rows, answers },
    text: `${shapesTable(rows)}\n\n${answersTable(answers)}`,
  };
}

function namesOf(at: number): string {
  return ["one shape", "shapes that fit"][at] ?? `samples of dataset ${at - 1} alone`;
}

function withShapes(recipe: Recipe, shapes: "one" | "fit"): Recipe {
  return { ...recipe, batch: { ...recipe.batch, shapes } };
}

interface Stepping extends Contestant {
  close(): Promise<void>;
}

/** Steps of a recipe whose batches are there, by processor time: others may want the cores. */
async function stepping(name: string, recipe: Recipe, cache: string): Promise<Stepping> {
  const run = await Run.open(recipe, cache, await aloneWorld());
  const trainer = await run.trainerFor(newState(recipe, run.parameters));
  const next = run.stepShares(0, steps);
  const shares: StepShare[] = [];
  for (let step = 0; step < steps; step++) shares.push(await next());
  const repeat = async () => {
    const before = process.cpuUsage();
    for (const share of shares) await trainer.step(share, recipe.optimizer.peak);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / steps;
  };
  await repeat();
  return { name, repeat, end: () => {}, close: () => run.close() };
}

function rowsOf(mixture: string, measured: readonly Measured[]): Row[] {
  const [one, , ...kinds] = measured;
  const sums = one!.timesMs.map((_, round) =>
    kinds.reduce((sum, { timesMs }) => sum + timesMs[round]! / kinds.length, 0),
  );
  const own: Measured = {
    name: "sum of what each sample costs beside its own kind",
    timesMs: sums,
    medianMs: median(sums),
  };
  return [...measured, own].map(({ name, timesMs, medianMs }) => ({
    mixture,
    name,
    medianMs,
    timesMs,
    ofOne: median(timesMs.map((ms, round) => ms / one!.timesMs[round]!)),
    ofKinds: median(timesMs.map((ms, round) => ms / sums[round]!)),
  }));
}

function shapesTable(rows: readonly Row[]): string {
  const right = ["processor ms", "least", "of one shape", "of own kinds"].map(
    (title) => ({ title, align: "right" }) as const,
  );
  return table(
    [{ title: "mixture", align: "left" }, { title: "a step of", align: "left" }, ...right],
    rows.map(({ mixture, name, medianMs, timesMs, ofOne, ofKinds }) => [
      name === "one shape" ? mixture : "",
      name,
      medianMs.toFixed(1),
      Math.min(...timesMs).toFixed(1),
      ofOne.toFixed(2),
      ofKinds.toFixed(2),
    ]),
  );
}

/** Robots of 7 dofs in equal shares, each with some of the policy's cameras. */
function mixtureOf(views: readonly string[], robots: readonly (readonly string[])[]): Recipe {
  const { data, policy } = realMixture;
  return {
    ...realMixture,
    name: "shapes",
    data: { ...data, datasets: robots.map(robotOf) },
    policy: { ...policy, views: [...views], actionWidth: 7, stateWidth: 7, promptTokens: 48 },
  };
}

function robotOf(cameras: readonly string[]): RecipeDataset {
  const names = Array.from({ length: 7 }, (_, at) => `joint_${at}`);
  const features: Feature[] = [
    ...["action", "observation.state"].map((key): Feature => ({ key, type: "float32", shape: [7], names })),
    ...cameras.map(
      (view): Feature => ({ key: `observation.images.${view}`, type: "video", shape: [96, 96, 3], names: null }),
    ),
  ];
  const description = {
    robotType: "arm",
    framesPerSecond: 10,
    features,
    episodeLengths: [100, 100, 100, 100, 100],
    tasks: ["pick up the cup"],
    seed: 1,
  };
  return {
    name: `cameras_${cameras.length}`,
    source: { kind: "generated", description },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: {
      ...asFound,
      controlMode: "joint",
      cameras: Object.fromEntries(cameras.map((view) => [view, `observation.images.${view}`])),
    },
  };
}
