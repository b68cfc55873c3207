import type { Term } from "../loss/reduction.ts";
import {
  type GroupNames,
  groupErrors,
  type SampleError,
  type Validation,
  type WeightsValidation,
} from "../metric/group.ts";
import { validationAsJson } from "../objective/as-json.ts";
import { learningRate } from "../optimizer/schedule.ts";
import type { TrainingState } from "../optimizer/state.ts";
import type { EventLog } from "./event-log.ts";
import type { Recipe } from "./recipe.ts";
import type { Best, Standing } from "./standing.ts";
import { leakError } from "./step-audit.ts";
import type { StepRollout } from "./step-rollouts.ts";
import type { StepShare, Trainer } from "./trainer.ts";

/** What the loop reports while it runs. */
export interface Pulse {
  readonly step: number;
  readonly loss: number;
  /** Share of the time so far that was spent waiting for data. */
  readonly waitShare: number;
}

/** What the loop works with and what it calls at its steps. */
export interface LoopParts {
  readonly recipe: Recipe;
  readonly trainer: Trainer;
  readonly names: GroupNames;
  /** Of the loss. */
  readonly terms: readonly Term[];
  /** Of rank 0; the others keep none. */
  readonly events: Pick<EventLog, "append">;
  /** This rank's share of the next step's micro-batches. */
  readonly shares: () => Promise<StepShare>;
  /** How long steps and validations have waited for data. */
  readonly waitedMs: () => number;
  readonly validate: (state: TrainingState) => Promise<WeightsValidation>;
  /** Makes sure that all ranks hold the same numbers. */
  readonly agree: (state: TrainingState) => Promise<void>;
  readonly save: (standing: Standing) => Promise<void>;
  /** What of the padding leaks with these weights, where the recipe asks for audits. */
  readonly leaks: (state: TrainingState) => Promise<readonly string[]>;
  /** How these weights do in closed loop, where the recipe asks for rollouts; rank 0 alone plays. */
  readonly rollOut: (state: TrainingState) => Promise<readonly StepRollout[]>;
  readonly pulse: (pulse: Pulse) => void;
  readonly validated: (step: number, validation: WeightsValidation) => void;
  /** Whether to stop before the next step: the same at every rank. */
  readonly isStopped: () => Promise<boolean>;
}

/** A validation, when it was and how long it took. */
export interface StepValidation extends WeightsValidation {
  readonly step: number;
  readonly seconds: number;
}

/** What a run of the loop leaves. */
export interface LoopResult extends Standing {
  readonly seconds: number;
  readonly waitedSeconds: number;
  /** Loss of the last step, and the errors of the last steps by dataset and control mode. */
  readonly loss: number | null;
  readonly recent: Validation;
  /** The first and the last validation of this start. */
  readonly initialValidation: StepValidation | null;
  readonly validation: StepValidation | null;
  /** Steps of this start. */
  readonly stepsDone: number;
  readonly isInterrupted: boolean;
}

/** Ranks compare their weights and moments after every so many steps, and before every checkpoint. */
export const agreementSteps = 50;

/** Steps whose samples make up the losses by dataset that a run ends with. */
const recentSteps = 20;

/**
 * Trains up to a step. At each step, in this order: update, event, and where they are due audit, the ranks' agreement,
 * validation, rollouts, checkpoint.
 *
 * Ends with a checkpoint, also where it is stopped early. The only file with a clock in it; no number depends on it.
 */
export async function runLoop(parts: LoopParts, begin: Standing, until: number): Promise<LoopResult> {
  const { recipe } = parts;
  const began = performance.now();
  let standing = begin;
  let loss: number | null = null;
  const validations: StepValidation[] = [];
  const recent: SampleError[][] = [];
  const validateAt = async (step: number) => {
    const validation = await validateStep(parts, standing.state, step);
    validations.push(validation);
    standing = { ...standing, best: better(standing.best, step, validation) };
  };
  const isNew = begin.state.step === 0 && begin.best === null;
  if (isNew && recipe.validation.everySteps > 0) await validateAt(0);
  let isStopped = await parts.isStopped();
  if (isStopped && begin.state.step === 0) await parts.save(standing);
  while (standing.state.step < until && !isStopped) {
    const done = await advance(parts, standing.state);
    const { step } = done.state;
    standing = { ...standing, state: done.state };
    loss = done.loss;
    recent.push([...done.errors]);
    if (recent.length > recentSteps) recent.shift();
    parts.pulse({ step, loss, waitShare: parts.waitedMs() / (performance.now() - began) });
    if (isDue(recipe.audit.everySteps, step, false)) await auditAt(parts, done.state);
    isStopped = await parts.isStopped();
    const isLast = step >= until;
    const isSaved = isDue(recipe.checkpoint.everySteps, step, isLast || isStopped);
    if (isSaved || isDue(agreementSteps, step, isLast)) await parts.agree(done.state);
    // Stopping brings no validation with it: the run that goes on has the events and the best step of one that never stopped.
    if (isDue(recipe.validation.everySteps, step, isLast)) await validateAt(step);
    if (isDue(recipe.rollout?.everySteps ?? 0, step, isLast)) await rollOutAt(parts, standing.state);
    if (isSaved) await parts.save(standing);
  }
  return {
    ...standing,
    seconds: (performance.now() - began) / 1000,
    waitedSeconds: parts.waitedMs() / 1000,
    loss,
    recent: groupErrors(recent.flat(), parts.terms, parts.names),
    initialValidation: validations[0] ?? null,
    validation: validations.at(-1) ?? null,
    stepsDone: standing.state.step - begin.state.step,
    isInterrupted: standing.state.step < until,
  };
}

/** A validation and its event. */
async function validateStep(parts: LoopParts, state: TrainingState, step: number): Promise<StepValidation> {
  const began = performance.now();
  const validation = await parts.validate(state);
  parts.events.append({ kind: "validation", step, ...validationAsJson(validation) });
  parts.validated(step, validation);
  return { step, seconds: (performance.now() - began) / 1000, ...validation };
}

/** @throws InputError where something leaks: what comes after would be taught by what does not exist */
async function auditAt({ events, leaks }: LoopParts, state: TrainingState): Promise<void> {
  const found = await leaks(state);
  events.append({ kind: "audit", step: state.step, clean: found.length === 0, leaks: [...found] });
  if (found.length > 0) throw leakError(state.step, found);
}

/** A stop that is asked for meanwhile waits for their end: the run that goes on has the events of one that never stopped. */
async function rollOutAt({ events, rollOut }: LoopParts, state: TrainingState): Promise<void> {
  for (const rollout of await rollOut(state))
    events.append({ kind: "rollout", step: state.step, ...rollout, interval: [...rollout.interval] });
}

/** One step and its event. */
async function advance({ recipe, trainer, events, shares }: LoopParts, state: TrainingState) {
  const share = await shares();
  const rate = learningRate(recipe.optimizer, state.step);
  const done = await trainer.step(state, share, rate);
  const { loss, gradientNorm } = done;
  events.append({ kind: "step", step: done.state.step, loss, gradientNorm, learningRate: rate });
  return done;
}

function isDue(every: number, step: number, isLast: boolean): boolean {
  return every > 0 && (isLast || step % every === 0);
}

function better(best: Best | null, step: number, { aggregate }: Validation): Best | null {
  const { loss } = aggregate;
  return loss !== null && (best === null || loss < best.loss) ? { step, loss } : best;
}
