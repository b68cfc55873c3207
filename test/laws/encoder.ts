import type { Arguments } from "../../src/audit/array-law.ts";
import type { Output, Outputs } from "../../src/audit/law.ts";
import { input } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { gradient } from "../../src/graph/gradient.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { alignAny, sum } from "../../src/graph/op/align.ts";
import { square } from "../../src/graph/op/elementwise.ts";
import { select } from "../../src/graph/op/select.ts";
import { merge, slice } from "../../src/graph/op/shape.ts";
import { evaluate, named } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { randomWeights } from "../../src/nn/testing/random-weights.ts";
import type { VisionSize } from "../../src/policy/size.ts";
import { towers } from "../../src/policy/tower.ts";
import { encodePictures } from "../../src/policy/vision.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../../src/validity/symbolic.ts";
import { argumentsOf, type LawsOf, type Subject } from "./subject.ts";

const size: VisionSize = { picture: 8, patch: 4, square: 1, width: 8, layers: 2, mlp: 12, heads: 2, temporalEvery: 2 };
const rounding = {
  relative: 2e-5,
  absolute: 1e-4,
  because: "float32 through the tower, with other kernels for other numbers of rows",
};

/** The image tower over pictures of which some do not exist; with several slots it looks back. */
export function tower(slots: 1 | 3, rules: Rules): Subject {
  const shape = [3, slots, 2] as const;
  const isReal = slots === 1 ? [1, 0, 1, 1, 0, 0] : [0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1];
  return {
    given: argumentsOf({ images: ["b o v h w c", [...shape, 8, 8, 3]] }, { real: ["b o v", shape, isReal] }),
    signature: {
      real: { images: "real" },
      unreal: "anything",
      grows: { v: rounding, b: rounding },
      rows: rounding,
      horizon: null,
    },
    run: (given) => seen(given, rules),
  };
}

async function seen({ values, masks }: Arguments, rules: Rules): Promise<Outputs> {
  const [images, real] = [values.get("images")!, masks.get("real")!];
  const scope = Scope.root(rules);
  const valid = SymbolicValidity.input("real", "b o v", real.shape);
  const pictures = SymbolicPadded.of(input("images", "b o v h w c", images.shape, "uint8"), valid);
  const tokens = encodePictures(scope, { choice: towers.siglip, size }, pictures);
  const slots = real.shape[1]!;
  const now = merge(slice(valid.isReal, "o", slots - 1, slots), "b o v", "b");
  const shown = select(alignAny(now, tokens), tokens, 0);
  const slopes = gradient(
    sum(square(shown), ""),
    scope.parameters.map(({ array }) => array),
  );
  const outputs = Object.fromEntries([
    ["tokens", shown] as const,
    ...scope.parameters.map(({ name }, at) => [`by ${name}`, slopes[at]!] as const),
  ]);
  const bytes = Uint8Array.from(images.cells, (cell) =>
    Number.isNaN(cell) ? 255 : Math.max(0, Math.min(255, 128 + 60 * cell)),
  );
  const feeds = named({ images: new HostArray("b o v h w c", images.shape, "uint8", bytes), real });
  const found = await evaluate(outputs, { feeds, threads: 1, fixed: randomWeights(scope.parameters, 1) });
  const rows = [real.shape[0]!, real.shape[2]!] as const;
  return new Map(
    Object.entries(found).map(([name, numbers]): [string, Output] => {
      const { axes, shape } = outputs[name]!;
      if (name !== "tokens") return [name, new HostArray(axes, shape, "float64", numbers)];
      return [
        name,
        new HostArray("b v n e", [...rows, cells(shape) / cells(rows) / size.width, size.width], "float64", numbers),
      ];
    }),
  );
}

export const visionLaws: LawsOf<typeof import("../../src/policy/vision.ts")> = { encodePictures: tower(1, Rules.all) };

const layout = { because: "says which layers look back, by their number" };
export const videoLaws: LawsOf<typeof import("../../src/policy/video.ts")> = {
  temporalLayer: tower(3, Rules.all),
  isTemporal: layout,
  lastTemporal: layout,
  timeOffsets: { because: "a table of the offset in time alone" },
};
