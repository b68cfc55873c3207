import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Mean } from "../validity/mean.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { absoluteErrors, groupActionErrors, type SampleActionError } from "./action-error.ts";

const actions = (steps: number, values: readonly number[]) =>
  new HostArray("t d", [steps, values.length / steps], "float64", Float64Array.from(values));
const recorded = (values: readonly number[], real: readonly number[]) =>
  Padded.of(actions(real.length, values), Validity.of("t", [real.length], Uint8Array.from(real)));

describe("the error of a sampled action", () => {
  it("is summed over the real steps of each dof", () => {
    const errors = absoluteErrors(actions(3, [1, 10, 2, 20, 3, 30]), recorded([0, 10, 4, 21, 100, 100], [1, 1, 0]));
    expect(errors).toEqual([new Mean(1 + 2, 2), new Mean(0 + 1, 2)]);
  });

  it("does not know what stands in a step that is not real", () => {
    const finite = absoluteErrors(actions(2, [1, 2]), recorded([0.5, 7], [1, 0]));
    expect(absoluteErrors(actions(2, [1, Number.NaN]), recorded([0.5, Number.NaN], [1, 0]))).toEqual(finite);
    expect(finite).toEqual([new Mean(0.5, 1)]);
  });

  it("is refused between robots of different widths, with both", () => {
    expect(() => absoluteErrors(actions(1, [1, 2]), recorded([1, 2, 3], [1]))).toThrow(
      "absoluteErrors: expected actions [1, 3], got [1, 2]",
    );
  });
});

describe("errors of actions by group", () => {
  const names = {
    datasets: ["arm", "cart"],
    controlModes: ["joint", "ee"],
    dofs: ({ dataset }: { readonly dataset: number }) =>
      dataset === 0
        ? [
            { name: "elbow", unit: "rad" },
            { name: "grip", unit: "m" },
          ]
        : [{ name: "x", unit: "m" }],
  };
  const sample = (dataset: number, controlMode: number, ...means: readonly [number, number][]): SampleActionError => ({
    dataset,
    controlMode,
    absolute: means.map(([sum, count]) => new Mean(sum, count)),
    unsaid: 0,
  });

  it("weigh every real step alike, whichever sample it belongs to", () => {
    const found = groupActionErrors([sample(0, 0, [3, 1], [1, 1]), sample(0, 0, [1, 3], [0, 3])], names);
    expect(
      found.map(({ dof, unit, samples, steps, meanAbsoluteError }) => [dof, unit, samples, steps, meanAbsoluteError]),
    ).toEqual([
      ["elbow", "rad", 2, 4, 1],
      ["grip", "m", 2, 4, 0.25],
    ]);
  });

  it("stand in the order of datasets and control modes, each by itself", () => {
    const found = groupActionErrors([sample(1, 1, [2, 1]), sample(1, 0, [4, 2]), sample(0, 1, [1, 1], [1, 1])], names);
    expect(
      found.map(({ dataset, controlMode, dof, meanAbsoluteError }) => [dataset, controlMode, dof, meanAbsoluteError]),
    ).toEqual([
      ["arm", "ee", "elbow", 1],
      ["arm", "ee", "grip", 1],
      ["cart", "joint", "x", 2],
      ["cart", "ee", "x", 2],
    ]);
  });

  it("say how many real steps nothing was said of", () => {
    const one = { ...sample(1, 1, [2, 1]), unsaid: 4 };
    const found = groupActionErrors([one, { ...sample(1, 1, [0, 0]), unsaid: 5 }, sample(0, 1, [1, 1], [1, 1])], names);
    expect(found.map(({ dof, steps, unsaidSteps }) => [dof, steps, unsaidSteps])).toEqual([
      ["elbow", 1, 0],
      ["grip", 1, 0],
      ["x", 1, 9],
    ]);
  });

  it("are null, not 0, where no step was real", () => {
    expect(groupActionErrors([sample(1, 1, [0, 0])], names)[0]?.meanAbsoluteError).toBeNull();
  });
});
