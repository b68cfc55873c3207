import { factNames, observedNames } from "../batch/each.ts";
import { filesOf } from "../objective/objective.ts";
import type { ObjectiveChoice } from "../policy/objective-choice.ts";
import type { OnTheWay } from "./look.ts";
import type { AuditColumn } from "./verdict.ts";

/** Files in which the arrays of policies are made, by their names; objectives know those of their own (`filesOf`). */
const filesOfArrays: readonly (readonly [name: RegExp, file: string])[] = [
  [/^loss\.weights\./, "loss/reduction.ts"],
  [/\.dit\.block\.\d+\.(attention|mlp)$/, "policy/head/dit.ts"],
  [/\.features\.layer\.\d+\.(attention|mlp)$/, "policy/head/features.ts"],
  [/\.layer\.\d+\.(attention|mlp)$/, "policy/trunk.ts"],
  [/^(pictures|prompt|response|text|metadata|subgoals)$/, "policy/prefix.ts"],
  [/^(state|actions)$/, "policy/head/flow.ts"],
  [/^groot\.(state|future|actions)$/, "policy/head/groot.ts"],
];

/** The file in which an array is made; its folder where no file is known. */
export function fileOf({ kind, name }: OnTheWay, objectives: readonly ObjectiveChoice[]): string {
  if (kind === "sampling") return "objective/action-noise.ts";
  const own = objectives.map((objective) => filesOf(objective).arrays[name]).find((file) => file !== undefined);
  if (own !== undefined) return own;
  if (kind === "input") return "batch/collate.ts";
  return filesOfArrays.find(([pattern]) => pattern.test(name))?.[1] ?? "policy";
}

/**
 * Where a leak into an output enters: file and array.
 *
 * @param differing the arrays that differ, in the order in which they are computed
 */
export function placeOf(
  { column, output }: { readonly column: AuditColumn; readonly output: string },
  differing: readonly OnTheWay[],
  objectives: readonly ObjectiveChoice[],
): string {
  const first = differing.find((one) =>
    column === "actions" ? !isOfTraining(one, objectives) : one.kind !== "sampling",
  );
  if (first !== undefined) return `${fileOf(first, objectives)}: ${first.name}`;
  return `${fileOfOutput(column, objectives)}: ${output}`;
}

const perceived = new Set<string>([...observedNames, ...factNames]);

/** Whether only the loss and what follows from it depend on an array. */
function isOfTraining({ kind, name }: OnTheWay, objectives: readonly ObjectiveChoice[]): boolean {
  if (kind === "sampling") return false;
  if (kind === "input") return !perceived.has(name);
  return name.startsWith("loss.") || objectives.some((objective) => Object.hasOwn(filesOf(objective).arrays, name));
}

/** Where an output is made of the arrays that are watched. */
function fileOfOutput(column: AuditColumn, objectives: readonly ObjectiveChoice[]): string {
  switch (column) {
    case "loss":
      return "loss/reduction.ts";
    case "gradients":
      return "policy";
    case "actions":
      return objectives.map((objective) => filesOf(objective).actions).find((file) => file !== null) ?? "policy";
    case "metrics":
      return "metric/group.ts";
  }
}
