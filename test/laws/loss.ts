import type { Output } from "../../src/audit/law.ts";
import { HostArray, zeros } from "../../src/graph/host-array.ts";
import { sum } from "../../src/graph/op/align.ts";
import { countsOf, fillCellWeights, type Reduction, type Term } from "../../src/loss/reduction.ts";
import { velocityErrors } from "../../src/loss/velocity.ts";
import { weightedSum } from "../../src/loss/weighted.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicSupervised } from "../../src/validity/supervised.ts";
import { argumentsOf, graphOf, type LawsOf, type Subject } from "./subject.ts";

const [b, t, d] = [4, 3, 5];
/** Scattered slots, short windows, and a row that teaches nothing. */
const teaches = Array.from({ length: b * t * d }, (_, cell) => {
  const [row, step, dof] = [Math.floor(cell / (t * d)), Math.floor(cell / d) % t, cell % d];
  return row < 3 && step < 1 + row && (dof + row) % 3 !== 0 ? 1 : 0;
});

const rounding = { relative: 1e-6, absolute: 0, because: "float32 sums of sixty terms in another order" };

function velocity(outputs: "errors" | "loss"): Subject {
  const cells = ["b t d", [b, t, d]] as const;
  return {
    given: argumentsOf({ predicted: cells, target: cells, weights: ["b d", [b, d]] }, { teaches: [...cells, teaches] }),
    signature: {
      real: { predicted: "teaches", target: "teaches" },
      unreal: "anything",
      grows: { t: "bits", d: outputs === "errors" ? "bits" : rounding, b: rounding },
      rows: rounding,
      horizon: null,
    },
    run: graphOf((inputs) => {
      const [predicted, target] = [inputs.value("predicted", "b t d"), inputs.value("target", "b t d")];
      const supervised = SymbolicSupervised.input("teaches", "b t d", predicted.shape);
      const errors = velocityErrors(predicted, target, supervised);
      const found =
        outputs === "errors" ? { errors } : { loss: weightedSum(sum(errors, "b d"), inputs.value("weights", "b d")) };
      return { outputs: found, by: { predicted, target } };
    }, new Map()),
  };
}

/** What each cell weighs follows from the mask alone. */
function weights(reduction: Reduction): Subject {
  return {
    given: argumentsOf({}, { teaches: ["b t d", [b, t, d], teaches] }),
    signature: {
      real: {},
      unreal: "anything",
      grows: { b: "bits", t: "bits", d: "bits" },
      rows: "not independent",
      horizon: null,
    },
    async run({ masks }) {
      const mask = masks.get("teaches")!;
      const [rows = 0, steps = 0, width = 0] = mask.shape;
      const bySlot = zeros("b d", [rows, width], "float64");
      for (const [cell, bit] of mask.cells.entries())
        bySlot.cells[Math.floor(cell / (steps * width)) * width + (cell % width)]! += bit;
      const term: Term = {
        name: "velocity",
        errors: "velocity",
        slots: [...Array(width).keys()],
        reduction,
        weight: 2,
      };
      const out = zeros("b d", [rows, width], "float32");
      const counts = { bySlot, perSlot: steps };
      fillCellWeights(out, term, counts, { whole: countsOf(term, counts), rules: Rules.all });
      // Cells that do not teach have no error to weigh.
      for (const [at, count] of bySlot.cells.entries()) if (count === 0) out.cells[at] = 0;
      const { cells: sums } = countsOf(term, counts);
      return new Map<string, Output>([
        ["weights", out],
        ["cells", new HostArray("", [], "float64", Float64Array.of(sums))],
      ]);
    },
  };
}

export const velocityLaws: LawsOf<typeof import("../../src/loss/velocity.ts")> = {
  velocityErrors: velocity("errors"),
};

export const weightedLaws: LawsOf<typeof import("../../src/loss/weighted.ts")> = { weightedSum: velocity("loss") };

export const reductionLaws: LawsOf<typeof import("../../src/loss/reduction.ts")> = {
  countsOf: weights("cells"),
  fillCellWeights: weights("samples"),
  addCounts: { because: "adds counts that follow from masks" },
  weightsPerRow: { because: "counts the slots of an array" },
};
