import { BatchMaker } from "../../../src/batch/maker.ts";
import { openMixture } from "../../../src/mixture/mixture.ts";
import type { TargetOptions } from "../../../src/objective/target.ts";
import { objectiveTargets } from "../../../src/objective/terms.ts";
import type { Setting } from "../../../src/objective/traced.ts";
import type { Head } from "../../../src/policy/head/form.ts";
import type { FlowSize } from "../../../src/policy/size.ts";
import { mixtureOf } from "../../../src/recipe/mixture-of.ts";
import { loadPlanOf, type Plan, planOf, settingOf, targetOf } from "../../../src/recipe/plan.ts";
import { Rules } from "../../../src/validity/rules.ts";
import {
  blindPolicySize,
  type Job,
  type Sampling,
  type Study,
  seeingPolicySize,
  studies,
  type Training,
} from "./design.ts";
import { recipeOf } from "./recipe.ts";

/** A run's data, opened: the product's plan of its recipe, and what makes its batches. */
export interface Opened {
  readonly study: Study;
  readonly plan: Plan;
  readonly maker: BatchMaker;
}

/** Folders of the recordings and of what has been measured of them. */
export interface Folders {
  readonly data: string;
  readonly cache: string;
}

export async function openJob(job: Job, { data, cache }: Folders): Promise<Opened> {
  const recipe = recipeOf(job, data);
  const open = await openMixture(mixtureOf(recipe));
  try {
    const plan = await planOf(recipe, open, cache);
    return { study: studies[job.study], plan, maker: await BatchMaker.open(loadPlanOf(plan)) };
  } finally {
    await open.close();
  }
}

/** The rules of padding that a training keeps: A lets every dim teach. */
export function rulesOf(training: Training): Rules {
  return training === "A" ? Rules.without("loss-dims") : Rules.all;
}

/** The policy in which a training goes on. */
export function trainingSetting({ plan, study }: Opened, training: Training): Setting {
  const setting = settingOf({ ...plan, rules: rulesOf(training) }, plan.recipe.batch.microBatch);
  // With their cameras, real robots have their recipe's own policy.
  if (study.robots === "real" && study.observation === "pictures") return setting;
  const size = study.observation === "pictures" ? seeingPolicySize : blindPolicySize;
  return { ...setting, form: { ...setting.form, size, head: sized(setting.form.head, size) } };
}

function sized(head: Head, { expert }: FlowSize): Head {
  if (head.kind !== "flow") throw new RangeError(`expected a policy with an expert, got the head "${head.kind}"`);
  return { ...head, expert: { ...head.expert, size: expert } };
}

/** How a training's noise and times are drawn and what teaches. */
export function trainingTarget(opened: Opened, training: Training): TargetOptions {
  const target = targetOf({ ...opened.plan, rules: rulesOf(training) }, "training");
  const { form, unrealInput } = trainingSetting(opened, training);
  return { ...target, objectives: objectiveTargets(form, { unrealInput, given: 0 }) };
}

/** The policy in which a cell is measured: all rules of padding hold, whatever it was trained under. */
export function samplingSetting(opened: Opened, sampling: Sampling, rows: number): Setting {
  const setting = trainingSetting(opened, "D");
  return { ...setting, layout: { ...setting.layout, rows }, unrealInput: sampling };
}

/** Fixed draws of noise and time for held-out samples, the same for every cell of a seed; only real dims count. */
export function heldOutTarget(opened: Opened, sampling: Sampling): TargetOptions {
  const target = targetOf(opened.plan, "validation");
  return {
    ...target,
    objectives: objectiveTargets(trainingSetting(opened, "D").form, { unrealInput: sampling, given: 0 }),
  };
}
