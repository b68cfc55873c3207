import type { AuditColumn } from "./report.ts";

/** Files in which the watched arrays are made, by their names. */
const placesOfArrays: readonly (readonly [name: RegExp, file: string])[] = [
  [/^flow\.(noisy|velocity)$/, "flow/path.ts"],
  [/^loss\.weights\./, "loss/reduction.ts"],
  [/^loss\.errors$/, "loss/velocity.ts"],
  [/\.dit\.block\.\d+\.(attention|mlp)$/, "policy/head/dit.ts"],
  [/\.layer\.\d+\.(attention|mlp)$/, "policy/trunk.ts"],
  [/^(pictures|prompt)$/, "policy/prefix.ts"],
  [/^(state|actions)$/, "policy/head/flow.ts"],
  [/^groot\.(state|actions)$/, "policy/head/groot.ts"],
];

/** The file in which a watched array is made; its folder where no file is known. */
export function fileOf(array: string): string {
  return placesOfArrays.find(([name]) => name.test(array))?.[1] ?? "policy";
}

/** Where an output is made of the arrays that are watched. */
const placesOfOutputs: Readonly<Record<AuditColumn, string>> = {
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
export function placeOf(column: AuditColumn, output: string, differing: readonly string[]): string {
  const first = differing.find((name) => column !== "actions" || !onlyInTraining.test(name));
  if (first === undefined) return `${placesOfOutputs[column]}: ${output}`;
  return `${fileOf(first)}: ${first}`;
}
