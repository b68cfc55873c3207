import { InputError } from "../input-error.ts";
import { openMixture } from "../mixture/mixture.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import type { Plan } from "../recipe/plan.ts";
import type { Observer, ObserverKind, ObserverReport } from "../training/observer.ts";
import { Audit } from "./audit.ts";
import { leaksIn } from "./report.ts";
import type { AuditReport } from "./verdict.ts";

/**
 * The audit that runs inside training: every law, on one micro-batch of training samples and one of held-out ones, the same at every
 * rank. Where something leaks training stops: what came after would be taught by what does not exist.
 *
 * @param cache folder for what has been measured
 */
export function auditObserver(cache: string): ObserverKind {
  return { key: "audit", open: (plan) => openAudit(plan, cache) };
}

async function openAudit(plan: Plan, cache: string): Promise<Observer> {
  const open = await openMixture(mixtureOf(plan.recipe));
  try {
    const audit = await Audit.open(plan, open, { batches: 1, cache });
    return {
      everySteps: plan.recipe.audit.everySteps,
      looksAtLast: false,
      look: async ({ step, parameters }) => seen(step, await audit.run(parameters, () => {})),
      close: () => audit.close(),
    };
  } finally {
    await open.close();
  }
}

function seen(step: number, report: AuditReport): ObserverReport {
  const leaks = leaksIn(report);
  const table = { laws: { ...report.laws }, rows: report.rows.map((row) => ({ ...row })) };
  const event = { kind: "audit", step, clean: leaks.length === 0, leaks, ...table };
  if (leaks.length === 0) return { events: [event], problem: null };
  const remedy = 'checkpoints are whole: run "armature audit" on the run';
  return {
    events: [event],
    problem: new InputError(`train: step ${step}: padding leaks: ${leaks.join("; ")}; ${remedy}`),
  };
}
