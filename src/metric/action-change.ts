import type { HostArray } from "../graph/host-array.ts";

/** Sums over the cells of one dof. */
interface DofSums {
  recorded: number;
  recordedSum: number;
  recordedSquares: number;
  compared: number;
  /** Of the differences between both policies, and of each from what was recorded. */
  changeSquares: number;
  ownSquares: number;
  otherSquares: number;
}

/** Actions of one sample in unit scale, in the robot's own order: `[t d]` each. */
export interface ComparedActions {
  readonly recorded: HostArray<"t d">;
  /** Whether each step was recorded. */
  readonly isRecorded: (step: number) => boolean;
  readonly own: HostArray<"t d">;
  readonly other: HostArray<"t d">;
}

/** Root mean squares over steps and dofs, in standard deviations of each dof as it was recorded; `null` of nothing. */
export interface ActionChange {
  /** Between the actions of both policies. */
  readonly change: number | null;
  /** Between the actions of each and what was recorded. */
  readonly ownError: number | null;
  readonly otherError: number | null;
}

/** What two policies do of the same observations and noise, over the samples of one robot. */
export class ActionComparison {
  #samples = 0;
  readonly #dofs: DofSums[] = [];

  get samples(): number {
    return this.#samples;
  }

  /** Every step counts for the change, for errors those that were recorded; steps of which a policy says nothing are left aside. */
  add({ recorded, isRecorded, own, other }: ComparedActions): void {
    const [steps = 0, dofs = 0] = recorded.shape;
    this.#samples++;
    for (let dof = 0; dof < dofs; dof++) {
      const sums = this.#sumsOf(dof);
      for (let step = 0; step < steps; step++) {
        const at = step * dofs + dof;
        const [was, one, two] = [recorded.cells[at]!, own.cells[at]!, other.cells[at]!];
        const isSaid = !Number.isNaN(one - two);
        if (isSaid) {
          sums.compared++;
          sums.changeSquares += (one - two) ** 2;
        }
        if (!isRecorded(step) || !isSaid) continue;
        sums.recorded++;
        sums.recordedSum += was;
        sums.recordedSquares += was ** 2;
        sums.ownSquares += (one - was) ** 2;
        sums.otherSquares += (two - was) ** 2;
      }
    }
  }

  /** Dofs that do not move in what was recorded have no standard deviation, and are left aside. */
  get result(): ActionChange {
    const moving = this.#dofs.flatMap((sums) => {
      const variance = sums.recordedSquares / sums.recorded - (sums.recordedSum / sums.recorded) ** 2;
      return variance > smallestVariance ? [{ sums, variance }] : [];
    });
    const root = (share: (sums: DofSums) => number) =>
      moving.length === 0
        ? null
        : Math.sqrt(moving.reduce((sum, { sums, variance }) => sum + share(sums) / variance, 0) / moving.length);
    return {
      change: root(({ changeSquares, compared }) => changeSquares / compared),
      ownError: root(({ ownSquares, recorded }) => ownSquares / recorded),
      otherError: root(({ otherSquares, recorded }) => otherSquares / recorded),
    };
  }

  #sumsOf(dof: number): DofSums {
    this.#dofs[dof] ??= {
      recorded: 0,
      recordedSum: 0,
      recordedSquares: 0,
      compared: 0,
      changeSquares: 0,
      ownSquares: 0,
      otherSquares: 0,
    };
    return this.#dofs[dof];
  }
}

/** In unit scale: below it, what varies is the rounding of float32. */
const smallestVariance = 1e-10;
