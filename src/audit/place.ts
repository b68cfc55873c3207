import type { Column } from "./report.ts";

/** Files in which the watched arrays are made, by the end of their names. */
export const placesOfArrays: readonly (readonly [end: string, file: string])[] = [
  ["flow.noisy", "flow/path.ts"],
  ["flow.velocity", "flow/path.ts"],
  ["loss.weights", "loss/reduction.ts"],
  ["loss.errors", "loss/velocity.ts"],
  ["attention", "policy/trunk.ts"],
  ["mlp", "policy/trunk.ts"],
  ["pictures", "policy/prefix.ts"],
  ["prompt", "policy/prefix.ts"],
  ["tokens", "policy/suffix.ts"],
];

/** Where an output is made of the arrays that are watched. */
const placesOfOutputs: Readonly<Record<Column, string>> = {
  loss: "loss/velocity.ts",
  gradients: "policy",
  actions: "flow/integrate.ts",
  metrics: "metric/group.ts",
};

/** Arrays that only the loss and what follows from it depend on. */
const onlyInTraining = /^(flow|loss)\./;

/**
 * Where a leak into an output enters: file and array.
 *
 * @param differing the watched arrays that differ, in the order in which they are computed
 */
export function placeOf(column: Column, output: string, differing: readonly string[]): string {
  const first = differing.find((name) => column !== "actions" || !onlyInTraining.test(name));
  if (first === undefined) return `${placesOfOutputs[column]}: ${output}`;
  const file = placesOfArrays.find(([end]) => first === end || first.endsWith(`.${end}`))?.[1] ?? "policy";
  return `${file}: ${first}`;
}
