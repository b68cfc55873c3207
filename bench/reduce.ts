import type { Mpi } from "../src/ranks/mpi/mpi.ts";
import { RankedSum } from "../src/ranks/ranked-sum.ts";
import type { World } from "../src/ranks/world.ts";
import { FixedPointSum } from "./fixed-point-sum.ts";
import { type Contestant, type Measured, takeTurns } from "./turns.ts";

/** Ranks, and the MPI by which they speak. */
export interface Joined {
  readonly world: World;
  readonly mpi: Mpi;
}

/** Times of sums over ranks of one gradient of each, as rank 0 sees them. */
export interface ReduceResult {
  readonly cells: number;
  readonly measured: readonly Measured[];
}

const sizes = [3_000_000, 10_000_000] as const;
const sumsPerTurn = 5;

/** Makes what replaces the values of every rank by their sum. */
type MakeSum = (joined: Joined, values: Float32Array) => () => Promise<void>;

const ways = {
  tree({ world }, values) {
    const sum = new RankedSum(world, () => ({ cells: values }));
    return async () => {
      sum.begin(world.size);
      sum.add(sum.storage());
      await sum.total();
    };
  },
  "MPI all-reduce, float32": ({ mpi }, values) => {
    return async () => mpi.allReduce(values);
  },
  "fixed point in float64": ({ world, mpi }, values) => {
    const sum = new FixedPointSum(world, mpi, values.length);
    return () => sum.run(values, world.size);
  },
} as const satisfies Record<string, MakeSum>;

/** How many repetitions `measureReduce` takes. */
export function reduceTurns(rounds: number): number {
  return sizes.length * Object.keys(ways).length * rounds;
}

/**
 * Ways to add up gradients over ranks, in turns: the tree that keeps the bits of one process, fixed point, which any order
 * of additions keeps, and MPI's own sum, which promises no order.
 *
 * @param done told how many repetitions are over
 */
export async function measureReduce(
  joined: Joined,
  rounds: number,
  done: (repetitions: number) => void,
): Promise<ReduceResult[]> {
  const results: ReduceResult[] = [];
  for (const cells of sizes) {
    const contestants = Object.entries(ways).map(([name, make]) => contestant(joined, name, make, cells));
    // Memory is touched for the first time.
    for (const { repeat } of contestants) await repeat();
    const before = results.length * contestants.length * rounds;
    results.push({ cells, measured: await takeTurns(contestants, rounds, (turns) => done(before + turns)) });
  }
  return results;
}

function contestant(joined: Joined, name: string, make: MakeSum, cells: number): Contestant {
  const { world } = joined;
  const gradient = Float32Array.from({ length: cells }, (_, at) => Math.sin(at + world.rank));
  const values = new Float32Array(cells);
  const sum = make(joined, values);
  return {
    name,
    async repeat() {
      let ms = 0;
      for (let turn = 0; turn < sumsPerTurn; turn++) {
        values.set(gradient);
        await world.barrier("turn");
        const start = performance.now();
        await sum();
        ms += performance.now() - start;
      }
      return ms / sumsPerTurn;
    },
    end() {},
  };
}
