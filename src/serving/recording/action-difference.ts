import type { Entry } from "../../embodiment/embodiment.ts";
import { ownUnit } from "../../embodiment/unit.ts";
import type { ActionRows } from "../limit.ts";

/** How far the actions of a dof are from those that were recorded. */
export interface DofDifference {
  readonly name: string;
  readonly unit: string;
  /** Steps whose bits differ. */
  readonly differing: number;
  /** Absolute, in the robot's own unit. */
  readonly mean: number;
  readonly greatest: number;
  /** The same in standard deviations of the recorded actions; `null` where the dof never moved. */
  readonly meanDeviations: number | null;
  readonly greatestDeviations: number | null;
}

/** Differences of answers, added up. */
export class ActionDifferences {
  readonly #dofs: readonly Entry[];
  readonly #sums: { differing: number; apart: number; greatest: number; sum: number; squares: number }[];
  /** The first recorded action of each dof: sums of squares are taken around it, so that a far offset costs no digits. */
  #origin: readonly number[] | null = null;
  #steps = 0;
  #equal = 0;

  constructor(dofs: readonly Entry[]) {
    this.#dofs = dofs;
    this.#sums = dofs.map(() => ({ differing: 0, apart: 0, greatest: 0, sum: 0, squares: 0 }));
  }

  /** @param recorded by step and dof @param found of the same sizes */
  add(recorded: ActionRows, found: ActionRows): void {
    this.#origin ??= recorded[0] ?? null;
    let isEqual = true;
    for (const [step, row] of recorded.entries())
      for (const [dof, value] of row.entries()) {
        const sums = this.#sums[dof]!;
        const own = found[step]?.[dof] ?? Number.NaN;
        const apart = Math.abs(own - value);
        if (!Object.is(own, value)) {
          isEqual = false;
          sums.differing++;
        }
        sums.apart += apart;
        sums.greatest = Math.max(sums.greatest, apart);
        const moved = value - (this.#origin?.[dof] ?? 0);
        sums.sum += moved;
        sums.squares += moved ** 2;
      }
    this.#steps += recorded.length;
    if (isEqual) this.#equal++;
  }

  /** How many answers were equal to the bit, and the differences by dof. */
  result(): { readonly equal: number; readonly dofs: readonly DofDifference[] } {
    const dofs = this.#dofs.map((dof, at): DofDifference => {
      const { differing, apart, greatest, sum, squares } = this.#sums[at]!;
      const steps = Math.max(1, this.#steps);
      const deviation = Math.sqrt(Math.max(0, squares / steps - (sum / steps) ** 2));
      const deviations = (value: number) => (deviation > 0 ? value / deviation : null);
      const mean = apart / steps;
      return {
        name: dof.name,
        unit: ownUnit(dof),
        differing,
        mean,
        greatest,
        meanDeviations: deviations(mean),
        greatestDeviations: deviations(greatest),
      };
    });
    return { equal: this.#equal, dofs };
  }
}
