import { cells } from "../../src/graph/axes.ts";
import type { DataType, HostArray } from "../../src/graph/host-array.ts";
import { bits, floats } from "../../src/graph/testing/evaluate.ts";
import { velocityName } from "../../src/objective/flow.ts";
import { teachesInput, weightsInput } from "../../src/objective/traced.ts";

/** A fact that holds in every cell. */
export const everywhere = <A extends string>(axes: A, shape: readonly number[]) =>
  bits(axes, shape, Array<number>(cells(shape)).fill(1));

/** Facts of robots that have every dof and state entry at every step, all of which teach the velocity alike. */
export function wholeRobots(
  b: number,
  {
    steps: t,
    actionWidth: d,
    stateWidth: s,
  }: { readonly steps: number; readonly actionWidth: number; readonly stateWidth: number },
): [string, HostArray<string, DataType>][] {
  return [
    ["historyKept", everywhere("b", [b])],
    ["stepReal", everywhere("b t", [b, t])],
    ["dofReal", everywhere("b d", [b, d])],
    ["stateReal", everywhere("b s", [b, s])],
    ["targetReal", everywhere("b", [b])],
    ["rowReal", everywhere("b", [b])],
    [teachesInput(velocityName), everywhere("b t d", [b, t, d])],
    [weightsInput(velocityName), floats("float32", "b d", [b, d], Array<number>(b * d).fill(1 / (b * t * d)))],
  ];
}
