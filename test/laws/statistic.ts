import type { Arguments } from "../../src/audit/array-law.ts";
import { measure } from "../../src/dataset/statistics.ts";
import { normalization, normalize, soundNormalization } from "../../src/embodiment/normalize.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { Padded } from "../../src/validity/padded.ts";
import { Validity } from "../../src/validity/validity.ts";
import { argumentsOf, type LawsOf, type Subject } from "./subject.ts";

const given = argumentsOf({ rows: ["i j", [7, 3]] }, { real: ["i", [7], [1, 0, 1, 1, 0, 1, 0]] });

function rowsOf({ values, masks }: Arguments) {
  const [{ shape, cells }, mask] = [values.get("rows")!, masks.get("real")!];
  return Padded.of(
    new HostArray("i j", shape, "float64", Float64Array.from(cells)),
    Validity.of("i", mask.shape, mask.cells),
  );
}

const vector = (values: ArrayLike<number>) => new HostArray("j", [values.length], "float64", Float64Array.from(values));

const statistics: Subject = {
  given,
  signature: {
    real: { rows: "real" },
    unreal: "anything",
    grows: { i: "bits" },
    rows: "not independent",
    horizon: null,
  },
  async run(arguments_) {
    const { count, mean, std, min, max, q01, q99 } = await measure([rowsOf(arguments_)], 3);
    return new Map(
      Object.entries({ count: [count], mean, std, min, max, q01, q99 }).map(([name, values]) => [name, vector(values)]),
    );
  },
};

const scaled: Subject = {
  given,
  signature: {
    real: { rows: "real" },
    unreal: "anything",
    grows: { i: "bits" },
    rows: "not independent",
    horizon: null,
  },
  async run(arguments_) {
    const plain = await measure([rowsOf({ ...given })], 3);
    const modes = ["mean-std", "min-max", "quantile", "identity"] as const;
    return new Map(
      modes.map((mode) => {
        const unit = normalize(rowsOf(arguments_), normalization(mode, plain, soundNormalization));
        return [mode, unit.read((values) => values)] as const;
      }),
    );
  },
};

const ofStatistics = { because: "a function of statistics, which hold no padding" };

export const statisticsLaws: LawsOf<typeof import("../../src/dataset/statistics.ts")> = {
  measure: statistics,
  changes: ofStatistics,
};

export const normalizeLaws: LawsOf<typeof import("../../src/embodiment/normalize.ts")> = {
  normalize: scaled,
  normalization: ofStatistics,
  denormalize: { because: "goes cell by cell over what has been cut to a robot's own dofs" },
};
