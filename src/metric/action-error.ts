import type { HostArray } from "../graph/host-array.ts";
import { Mean } from "../validity/mean.ts";
import type { Padded } from "../validity/padded.ts";
import type { SampleGroup } from "./group.ts";

/** How far the sampled actions of one sample lie from those that were recorded. */
export interface SampleActionError extends SampleGroup {
  /** By the robot's own dof: absolute differences over the real steps, in the dof's own unit. */
  readonly absolute: readonly Mean[];
  /** Real steps of which the policy said nothing, as it says its actions and its answer was no chunk or ended before. */
  readonly unsaid: number;
}

/** What is known of a dof beside its numbers. */
export interface DofName {
  readonly name: string;
  readonly unit: string;
}

/** Names of what provenance counts. */
export interface ActionErrorNames {
  readonly datasets: readonly string[];
  readonly controlModes: readonly string[];
  /** In the robot's own order. */
  readonly dofs: (provenance: SampleGroup) => readonly DofName[];
}

/** One dof of one dataset under one control mode. */
export interface ActionError {
  readonly dataset: string;
  readonly controlMode: string;
  readonly dof: string;
  readonly unit: string;
  readonly samples: number;
  /** Real steps, over all samples. */
  readonly steps: number;
  /** Real steps, over all samples, of which the policy said nothing: no error is known of them. */
  readonly unsaidSteps: number;
  /** In the dof's unit; `null` without a real step. */
  readonly meanAbsoluteError: number | null;
}

/**
 * Absolute differences of one sample over its real steps, by dof, summed in float64 in the order of the steps.
 *
 * @param sampled  `[t d]`, in the robot's own units and order
 * @param recorded likewise, real by step
 * @throws RangeError if they differ in steps or dofs
 */
export function absoluteErrors(
  sampled: HostArray<"t d", "float64">,
  recorded: Padded<"t d", "float64", "t">,
): readonly Mean[] {
  return recorded.read(({ cells, shape: [steps = 0, dofs = 0] }, real) => {
    if (sampled.shape.join() !== `${steps},${dofs}`)
      throw new RangeError(`absoluteErrors: expected actions [${steps}, ${dofs}], got [${sampled.shape.join(", ")}]`);
    const sums = new Float64Array(dofs);
    for (let step = 0; step < steps; step++)
      for (let dof = 0; dof < dofs; dof++) {
        const at = step * dofs + dof;
        if (real.isReal(step)) sums[dof]! += Math.abs(sampled.cells[at]! - cells[at]!);
      }
    return Array.from(sums, (sum) => new Mean(sum, real.count));
  });
}

/**
 * Mean absolute error by (dataset, control mode, dof): datasets and control modes in their order, dofs in the robot's own.
 *
 * @param errors in the order of the validation set: sums are taken in this order, in float64
 */
export function groupActionErrors(errors: readonly SampleActionError[], names: ActionErrorNames): ActionError[] {
  const groups = [...Map.groupBy(errors, ({ dataset, controlMode }) => `${dataset}/${controlMode}`).values()];
  return groups
    .map((own) => ({ own, first: own[0]! }))
    .sort((a, b) => a.first.dataset - b.first.dataset || a.first.controlMode - b.first.controlMode)
    .flatMap(({ own, first }) =>
      names.dofs(first).map(({ name, unit }, dof): ActionError => {
        const mean = own.reduce((sum, { absolute }) => sum.plus(absolute[dof]!), Mean.empty);
        return {
          dataset: names.datasets[first.dataset] ?? "",
          controlMode: names.controlModes[first.controlMode] ?? "",
          dof: name,
          unit,
          samples: own.length,
          steps: mean.count,
          unsaidSteps: own.reduce((sum, { unsaid }) => sum + unsaid, 0),
          meanAbsoluteError: mean.value,
        };
      }),
    );
}
