import { HostArray } from "../../src/graph/host-array.ts";
import { type Reduction, reductions } from "../../src/loss/reduction.ts";
import { ActionComparison } from "../../src/metric/action-change.ts";
import { absoluteErrors } from "../../src/metric/action-error.ts";
import { groupErrors } from "../../src/metric/group.ts";
import { Mean } from "../../src/validity/mean.ts";
import { Padded } from "../../src/validity/padded.ts";
import { Validity } from "../../src/validity/validity.ts";
import { argumentsOf, type LawsOf, type Subject } from "./subject.ts";

/** Errors of six samples of two datasets; one has no cell that teaches. */
const groups: Subject = {
  given: argumentsOf(
    { errors: ["b d", [6, 3]] },
    { teaches: ["b d", [6, 3], [1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1]] },
  ),
  signature: {
    real: { errors: "teaches" },
    unreal: "anything",
    grows: { d: "bits", b: "bits" },
    rows: "not independent",
    horizon: null,
  },
  async run({ values, masks }) {
    const [{ cells, shape }, { cells: teaches }] = [values.get("errors")!, masks.get("teaches")!];
    const [rows = 0, width = 0] = shape;
    const errors = Array.from({ length: rows }, (_, row) => {
      const own = Array.from({ length: width }, (_, slot) => row * width + slot).filter((at) => teaches[at] === 1);
      const sum = own.reduce((all, at) => all + cells[at]!, 0);
      return { dataset: row % 2, controlMode: 0, episode: row, terms: [new Mean(sum, own.length)] };
    });
    const names = { datasets: ["a", "b"], controlModes: ["joint"], share: () => 0.5 };
    return new Map(
      reductions.flatMap((reduction: Reduction) => {
        const term = { name: "velocity", errors: "velocity", slots: [...Array(width).keys()], reduction, weight: 1 };
        const { groups: found, aggregate } = groupErrors(errors, [term], names);
        return [
          ...found.map(({ dataset, loss }) => [dataset, loss] as const),
          ...found.map(({ dataset, interval }) => [`${dataset}, up to`, interval?.[1] ?? null] as const),
          ["all", aggregate.loss] as const,
        ].map(
          ([name, value]) =>
            [`${reduction} ${name}`, new HostArray("", [], "float64", Float64Array.of(value ?? -1))] as const,
        );
      }),
    );
  },
};

/** Differences of one sample over its real steps. */
const actions: Subject = {
  given: argumentsOf({ sampled: ["t d", [5, 2]], recorded: ["t d", [5, 2]] }, { real: ["t", [5], [1, 1, 1, 0, 0]] }),
  signature: {
    real: { sampled: "real", recorded: "real" },
    unreal: "anything",
    grows: { t: "bits" },
    rows: "not independent",
    horizon: null,
  },
  async run({ values, masks }) {
    const wide = (name: string) => {
      const { shape, cells } = values.get(name)!;
      return new HostArray("t d", shape, "float64", Float64Array.from(cells));
    };
    const { shape, cells } = masks.get("real")!;
    const means = absoluteErrors(wide("sampled"), Padded.of(wide("recorded"), Validity.of("t", shape, cells)));
    return new Map(
      means.map(
        ({ value }, dof) => [`dof ${dof}`, new HostArray("", [], "float64", Float64Array.of(value ?? -1))] as const,
      ),
    );
  },
};

/** Errors of two policies on one sample over its real steps. How far their actions lie apart is over every step that a robot gets: all exist. */
const comparedErrors: Subject = {
  given: argumentsOf(
    { recorded: ["t d", [5, 2]], own: ["t d", [5, 2]], other: ["t d", [5, 2]] },
    { real: ["t", [5], [1, 1, 1, 0, 0]] },
  ),
  signature: {
    real: { recorded: "real", own: "real", other: "real" },
    unreal: "anything",
    grows: { t: "bits" },
    rows: "not independent",
    horizon: null,
  },
  async run({ values, masks }) {
    const steps = (name: string) => {
      const { shape, cells } = values.get(name)!;
      return new HostArray("t d", shape, "float32", Float32Array.from(cells));
    };
    const { cells } = masks.get("real")!;
    const comparison = new ActionComparison();
    const compared = { recorded: steps("recorded"), own: steps("own"), other: steps("other") };
    comparison.add({ ...compared, isRecorded: (step) => cells[step] === 1 });
    const { ownError, otherError } = comparison.result;
    return new Map(
      Object.entries({ ownError, otherError }).map(
        ([name, value]) => [name, new HostArray("", [], "float64", Float64Array.of(value ?? -1))] as const,
      ),
    );
  },
};

export const actionChangeLaws: LawsOf<typeof import("../../src/metric/action-change.ts")> = {
  ActionComparison: comparedErrors,
};

export const groupLaws: LawsOf<typeof import("../../src/metric/group.ts")> = {
  errorNames: { because: "lists names of terms" },
  groupErrors: groups,
  refuseNotFinite: { because: "looks at numbers that groupErrors has made" },
  groupKey: { because: "tells groups apart by what they are of; no cell goes in" },
};

export const actionErrorLaws: LawsOf<typeof import("../../src/metric/action-error.ts")> = {
  absoluteErrors: actions,
  groupActionErrors: { because: "adds means over real steps, which absoluteErrors has made" },
};

const afterMasks = { because: "takes sums over episodes, which groupErrors has made of real cells" };
export const intervalLaws: LawsOf<typeof import("../../src/metric/interval.ts")> = {
  clusterSpread: afterMasks,
  pooledSpread: afterMasks,
  intervalAbout: afterMasks,
  studentQuantile: { because: "is a number of degrees of freedom alone" },
};
