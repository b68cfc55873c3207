import { basename, join } from "node:path";
import { auditRecipe } from "../audit/audit-recipe.ts";
import type { AuditReport } from "../audit/verdict.ts";
import type { DemoStory } from "../dashboard/demo-story.ts";
import { RunFollower, type RunPart } from "../dashboard/run-follower.ts";
import { SourceFolders } from "../dashboard/source.ts";
import type { Recipe } from "../recipe/schema.ts";
import { findPolicy } from "../serving/load.ts";
import type { PolicyRollouts } from "../serving/roll-out.ts";
import { beforeTraining } from "./before-training.ts";
import { learn } from "./learn.ts";
import type { Bar, Phases } from "./phases.ts";
import { type RecordedRobot, recordRobots, seenBy } from "./record-robots.ts";
import { filmFolder, playedOf, rollOutRobots } from "./roll-out-robots.ts";

/** What the demo is to do. */
export interface DemoPlan {
  readonly recipe: Recipe;
  /** For data, run, films and report. */
  readonly folder: string;
  /** Recorded of each robot. */
  readonly episodes: number;
  /** Rollouts of each robot, before training and after. */
  readonly starts: number;
  /** Folder for what is measured of the data. */
  readonly cache: string;
}

/** Micro-batches of training samples, and as many of held-out ones, that the demo's audit looks at. */
const auditedBatches = 1;

/**
 * Records, rolls out, trains, audits and rolls out again.
 *
 * @throws StoppedError where the user wants it to stop; what was made stays
 */
export async function playDemo(plan: DemoPlan, phases: Phases): Promise<DemoStory> {
  const { recipe, folder, episodes, starts, cache } = plan;
  const began = performance.now();
  const run = join(folder, "run");
  const recorded = await phases.run("record", () => recordRobots(recipe, episodes, phases));
  const play = (label: "untrained" | "trained") => ({ starts, label, folder: filmFolder(folder, label) });
  const { before, untrained } = await phases.run("roll out", async () => {
    const found = await beforeTraining(recipe, cache);
    return { before: found, untrained: await rollOutRobots({ ...found, ...play("untrained"), filmed: 1 }, phases) };
  });
  const lesson = { recipe, folder: run, cache, isStopped: phases.isStopped };
  const validations = await phases.run("train", () => learn(lesson, phases.display.training(recipe.optimizer.steps)));
  const audit = await phases.run("audit", () => auditRun(recipe, run, cache, phases));
  const trained = await phases.run("roll out again", async () => {
    const request = { policy: await findPolicy(run), weights: null, ...play("trained"), filmed: 3 };
    return rollOutRobots(request, phases);
  });
  return {
    recipe,
    seen: seenBy(recipe),
    starts,
    validations,
    log: await loggedBy(run),
    audit,
    batch: before.batch,
    weights: [...before.weights.values()].reduce((sum, { cells }) => sum + cells.length, 0),
    robots: await robotsOf(recorded, untrained, trained),
    phases: phases.done,
    seconds: (performance.now() - began) / 1000,
    run,
  };
}

/** All that a run has logged, as the dashboard reads it. */
async function loggedBy(folder: string): Promise<RunPart> {
  const sources = await SourceFolders.open([folder]);
  return await RunFollower.whole(sources, await sources.get("run", basename(folder)));
}

/** What `armature audit` says of the run, of fewer batches. */
async function auditRun(recipe: Recipe, run: string, cache: string, phases: Phases): Promise<AuditReport> {
  const bars: Bar[] = [];
  const request = { recipe, run, broken: null, allowed: new Set<never>(), batches: auditedBatches, cache };
  const report = await auditRecipe(request, (done, total) => {
    if (bars.length === 0) bars.push(phases.display.bar("audit", "comparison", total));
    bars[0]?.update(done, {});
  });
  bars[0]?.finish();
  return report;
}

async function robotsOf(
  recorded: readonly RecordedRobot[],
  untrained: readonly PolicyRollouts[],
  trained: readonly PolicyRollouts[],
): Promise<DemoStory["robots"]> {
  const of = (played: readonly PolicyRollouts[], name: string) => {
    const own = played.find(({ robot }) => robot.dataset === name);
    if (own === undefined) throw new RangeError(`demo: expected rollouts of "${name}", got none`);
    return playedOf(own);
  };
  const robots = recorded.map(async (robot) => ({
    ...robot,
    untrained: await of(untrained, robot.name),
    trained: await of(trained, robot.name),
  }));
  return await Promise.all(robots);
}
