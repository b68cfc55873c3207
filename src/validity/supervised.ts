import { input, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import type { Rules } from "./rules.ts";
import { Validity } from "./validity.ts";

/**
 * Which of the real cells teach, by the name that the checkpoint records.
 *
 * `allReal`: each of them. `moving`: not those dofs whose training values never change.
 * `asReleasedPi`: every cell of a row with a target, real or not, as π0 and π0.5 were trained.
 */
export const supervisionRules = ["allReal", "moving", "asReleasedPi"] as const;

export type SupervisionRule = (typeof supervisionRules)[number];

/** The facts that supervision follows from. In a filler row none of them holds. */
export interface TargetFacts {
  readonly stepReal: Validity<"b t">;
  readonly dofReal: Validity<"b d">;
  readonly targetReal: Validity<"b">;
  /** Dofs whose values change in training. */
  readonly dofMoves: Validity<"b d">;
  /** Steps that the policy is asked for; the others are given to it, as they are. */
  readonly stepAsked: Validity<"b t">;
}

/** Cells that teach: of a loss, and of nothing else. A step that is given teaches under no rule. */
export class Supervised<A extends string> {
  readonly #cells: Validity<A>;
  declare protected readonly nominal: (axes: A) => A;

  private constructor(teaching: Validity<A>) {
    this.#cells = teaching;
  }

  /** @param stepsThatTeach "all": also those past an episode's end, where weights were taught a copy of the last action */
  static byRule(
    rule: SupervisionRule,
    facts: TargetFacts,
    { rules, stepsThatTeach }: { readonly rules: Rules; readonly stepsThatTeach: "real" | "all" },
  ): Supervised<"b t d"> {
    const steps = Validity.complete("b t", facts.stepReal.shape);
    const dofs = Validity.complete("b d", facts.dofReal.shape);
    const { targetReal, stepAsked } = facts;
    if (rule === "asReleasedPi") return new Supervised(Validity.every("b t d", [targetReal, stepAsked, dofs]));
    const realSteps = stepsThatTeach === "real" && rules.keeps("loss-steps") ? facts.stepReal : steps;
    const realDofs = rules.keeps("loss-dims") ? facts.dofReal : dofs;
    const moving = rule === "moving" && rules.keeps("loss-dims") ? facts.dofMoves : dofs;
    return new Supervised(Validity.every("b t d", [targetReal, stepAsked, realSteps, realDofs, moving]));
  }

  /** Of a prompt's or an answer's tokens, those that exist and are to be said. */
  static tokens(said: Validity<"b n">): Supervised<"b n"> {
    return new Supervised(said);
  }

  /** Number of teaching tokens of each row. */
  static countByRow(supervised: Supervised<"b n">): HostArray<"b", "float64"> {
    const [rows = 0, length = 0] = supervised.#cells.shape;
    const { bits } = supervised.#cells;
    const counts = Float64Array.from({ length: rows }, (_, row) =>
      bits.subarray(row * length, (row + 1) * length).reduce((sum, bit) => sum + bit, 0),
    );
    return new HostArray("b", [rows], "float64", counts);
  }

  /** Number of teaching cells of each row and slot, over the steps. */
  static countBySlot(supervised: Supervised<"b t d">): HostArray<"b d", "float64"> {
    const [rows = 0, steps = 0, width = 0] = supervised.#cells.shape;
    const counts = new Float64Array(rows * width);
    const { bits } = supervised.#cells;
    for (let at = 0; at < bits.length; at++) {
      const row = Math.floor(at / (steps * width));
      counts[row * width + (at % width)]! += bits[at]!;
    }
    return new HostArray("b d", [rows, width], "float64", counts);
  }

  toArray(): HostArray<A, "bool"> {
    return this.#cells.toArray();
  }
}

/** `Supervised` inside a program. */
export class SymbolicSupervised<A extends string> {
  readonly teaches: SymbolicArray<A, "bool">;
  declare protected readonly nominal: (axes: A) => A;

  private constructor(teaches: SymbolicArray<A, "bool">) {
    this.teaches = teaches;
  }

  static input<A extends string>(name: string, axes: A, shape: readonly number[]): SymbolicSupervised<A> {
    return new SymbolicSupervised(input(name, axes, shape, "bool"));
  }
}
