import { validationAsJson } from "../objective/as-json.ts";
import { learningRate } from "../optimizer/schedule.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { withTokenizerContent } from "../recipe/tokenizer.ts";
import { beginRun, checkStart, type Start, trainedBy } from "./begin.ts";
import type { RunEvent } from "./event-log.ts";
import { expectedMemory } from "./expected-memory.ts";
import { mostMemory } from "./memory-plan.ts";
import { closeObservers, openObservers } from "./observer.ts";
import { better, type TrainingProgress } from "./progress.ts";
import { TrainingRecord, type TrainResult } from "./record.ts";
import { Run } from "./run.ts";
import { shapePlanOf } from "./shape-plan.ts";
import { stateOverRanks } from "./shared-state.ts";
import { TimeLog } from "./time-log.ts";
import type { TrainWatcher } from "./watcher.ts";

/** What to train, in which folder, and at which step to stop. */
export interface TrainRequest {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly start: Start;
  /** Step to stop at; the schedule keeps the recipe's length. */
  readonly until: number;
  /** Folder for measured statistics. */
  readonly cache: string;
  readonly world: World;
}

/** Ranks compare their weights and moments after every so many steps, and before every checkpoint. */
export const agreementSteps = 50;

/**
 * Trains a policy and leaves a run: recipe, events, checkpoints. Ends with a checkpoint, also where it is stopped early.
 *
 * At each step, in this order: update, event, and where they are due the ranks' agreement, validation, observers, checkpoint.
 *
 * @throws InputError for a mistake in recipe, data or folder, where the loss is no longer finite, or padding leaks; checkpoints stay
 */
export async function trainPolicy(request: TrainRequest, watcher: TrainWatcher): Promise<TrainResult> {
  const { folder, start, until, world } = request;
  const recipe = withTokenizerContent(request.recipe);
  if (world.rank === 0) await checkStart(folder, recipe, start);

  // Open: data, programs, observers, the run's folder. Rank 0 alone writes.
  await using open = new AsyncDisposableStack();
  const run = open.adopt(await Run.open(recipe, request.cache, world), (one) => one.close());
  const observers = open.adopt(await openObservers(watcher.observers, run.plan, world), closeObservers);
  const begun = world.rank === 0 ? await beginRun(folder, run.plan, start, run.parameters) : null;
  const events = begun === null ? null : open.adopt(begun.events, (log) => log.close());
  const memory = await expectedMemory(run, until);
  watcher.opened(run.data, shapePlanOf(run.plan), memory);
  for (const note of begun?.notes ?? []) watcher.note(note);

  // Begin, or go on: every rank has the progress of rank 0.
  let progress: TrainingProgress = await stateOverRanks(world, begun?.beginning ?? null, {
    forms: run.parameters,
    trained: trainedBy(recipe, run.parameters),
    keepsAverages: recipe.optimizer.ema !== null,
    isDivided: recipe.device === "cpu",
    moments: recipe.optimizer.moments ?? "float32",
    seed: recipe.seed,
  });
  const from = progress.state.step;
  const shares = run.stepShares(from, until);
  const trainer = await run.trainerFor(progress.state);
  const record = new TrainingRecord(from);

  const log = (event: RunEvent) => {
    if (events === null) return;
    events.append(event);
    watcher.logged(event);
  };
  const save = async () => {
    events?.sync();
    await run.save(folder, progress);
  };
  const validate = async () => {
    const { step } = progress.state;
    const began = record.seconds;
    const seen = (samples: number, total: number) => watcher.validating(samples, total);
    const validation = await run.acting(progress.state, (state) => run.validate(state, seen));
    log({ kind: "validation", step, ...validationAsJson(validation) });
    watcher.validated(step, validation);
    record.validated({ step, seconds: record.seconds - began, ...validation });
    progress = { ...progress, best: better(progress.best, step, validation) };
  };

  // Resumed before its first checkpoint, a run would otherwise begin with other weights.
  if (start.kind === "init" || start.kind === "backbone") await save();
  await watcher.begun(from);
  const clock = { now: Date.now, logged: (line: RunEvent) => watcher.logged(line) };
  const times = begun === null ? null : open.adopt(TimeLog.begin(folder, from, clock), (one) => one.close());
  if (from === 0 && progress.best === null && recipe.validation.everySteps > 0) await validate();
  const norms: number[] = [];
  let isStopped = await world.any("stop", watcher.isStopped());
  if (isStopped && from === 0) await save();

  for (let done = from; done < until && !isStopped; done++) {
    const share = await shares();
    const rate = learningRate(recipe.optimizer, done);
    const { step, loss, errors, gradientNorm } = await trainer.step(share, rate);
    log({ kind: "step", step, loss, gradientNorm, learningRate: rate });
    record.step(loss, errors);
    norms.push(gradientNorm);
    watcher.stepped({ step, loss, waitShare: run.waitedMs / 1000 / record.seconds });

    isStopped = await world.any("stop", watcher.isStopped());
    const isLast = step >= until;
    times?.stepped(step, run.waitedMs, isLast || isStopped);
    const isSaved = isDue(recipe.checkpoint.everySteps, step, isLast || isStopped);
    const isCompared = isSaved || isDue(agreementSteps, step, isLast);
    // Stopping brings no validation with it: the run that goes on has the events and the best step of one that never stopped.
    const isValidated = isDue(recipe.validation.everySteps, step, isLast);
    const looking = observers.filter((one) => isDue(one.everySteps, step, isLast && one.looksAtLast));
    if (isCompared || isValidated || isStopped || looking.length > 0)
      progress = { ...progress, state: trainer.state() };
    if (isCompared) await run.agree(progress.state, norms.splice(0));
    if (isValidated) await validate();
    for (const observer of looking) {
      const seen = await run.acting(progress.state, (state) => observer.look(state));
      for (const event of seen.events) log(event);
      if (seen.problem !== null) throw seen.problem;
    }
    if (isSaved) await save();
  }
  const most = await mostMemory(world);
  const { waitedMs, terms, names, data } = run;
  return record.result(progress, { until, waitedMs, terms, names, data, memory: { expected: memory, most } });
}

function isDue(every: number, step: number, isLast: boolean): boolean {
  return every > 0 && (isLast || step % every === 0);
}
