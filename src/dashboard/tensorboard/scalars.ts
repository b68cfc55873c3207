import type { RunEvent } from "../../training/event-log.ts";
import { sortEvents, type ValidationRow } from "../run-events.ts";
import type { Pace } from "../run-times.ts";
import { lossTerms } from "../training-lines.ts";
import type { Scalar } from "./event.ts";

/**
 * The numbers of an event of a run by name: the part of the run, what they are of, and the key that the event has for them, as in
 * `validation/reacher/joint/loss`. One of a kind that has no numbers here gives none.
 */
export function scalarsOf(event: RunEvent): Scalar[] {
  const { steps, validations, audits, rollouts } = sortEvents([event]);
  return [
    ...stepKeys.flatMap((key) => steps[key].map((value) => ({ tag: `train/${key}`, value }))),
    ...validations.flatMap(validationScalars),
    ...audits.map(({ clean }) => ({ tag: "audit/clean", value: clean ? 1 : 0 })),
    ...rollouts.flatMap(({ robot, successRate, meanSteps }) => [
      { tag: `rollout/${robot}/successRate`, value: successRate },
      { tag: `rollout/${robot}/meanSteps`, value: meanSteps },
    ]),
  ];
}

/** How fast training was, under the names that `train --json` has for it. */
export function paceScalars({ stepsPerSecond, waitShare }: Pace, batchSize: number): Scalar[] {
  return [
    { tag: "train/samplesPerSecond", value: stepsPerSecond * batchSize },
    { tag: "train/waitShare", value: waitShare },
  ];
}

const stepKeys = ["loss", "gradientNorm", "learningRate"] as const;

function validationScalars({ groups, aggregate }: ValidationRow): Scalar[] {
  return [
    ...lossScalars("validation/mixture", aggregate),
    ...groups.flatMap((group) => lossScalars(`validation/${group.dataset}/${group.controlMode}`, group)),
  ];
}

/** The loss and its terms; what has no data has no point. */
function lossScalars(prefix: string, losses: ValidationRow["aggregate"]): Scalar[] {
  return (["loss", ...lossTerms] as const).flatMap((key) => {
    const value = losses[key];
    return value === null ? [] : [{ tag: `${prefix}/${key}`, value }];
  });
}
