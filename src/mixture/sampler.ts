import { stream } from "../graph/random.ts";
import { type Frames, frameCount, locate } from "./frames.ts";

/** What the sampler reads of a member of the mixture. */
export interface Sampled {
  /** Key of its permutations. */
  readonly name: string;
  /** Share of the draws; the shares of a mixture add up to 1. */
  readonly share: number;
  /** The frames that it is drawn from. */
  readonly train: Frames;
}

/** One draw of a sample. */
export interface Draw {
  readonly member: number;
  readonly episode: number;
  readonly frame: number;
  /** How often this frame has been drawn before. */
  readonly draw: number;
}

/**
 * Which sample stands at a position of all training samples, counted through from the first of step 0.
 *
 * Draw `n` belongs to the member in whose share of [0, 1) the point `offset + n · φ (mod 1)` lies, φ the golden ratio: the
 * sequence of lowest discrepancy, so that any stretch of draws, a batch too, holds every member in its share to within a
 * draw or two. Independent draws would leave the number of earlier draws of a member to be counted from the start; of this
 * sequence it is known in closed form, so that the k-th draw of a member is frame `k mod F` of its permutation `⌊k / F⌋`:
 * each frame once before any twice, at any step, without state.
 *
 * @param n position in the whole run: `step · batchSize + positionInBatch`
 * @throws RangeError if `n` is no natural number, or a member without frames has a share
 */
export function draw(seed: number, members: readonly Sampled[], n: number): Draw {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`draw: expected a position of 0 or more, got ${n}`);
  const bounds = shareBounds(members);
  const offset = stream(seed, "mixture").word(0, 0, 0, 0);
  const point = Number((BigInt(n) * goldenStep + BigInt(offset)) % range);
  const member = bounds.findIndex((bound) => point < bound);
  const before = hits(n, offset, bounds[member]!) - hits(n, offset, bounds[member - 1] ?? 0);
  const { name, train } = members[member]!;
  const total = frameCount(train);
  if (total === 0) throw new RangeError(`draw: expected frames in "${name}", which has a share, got none`);
  const pass = Math.floor(before / total);
  const order = stream(seed, "frame order", name);
  return { member, ...locate(train, order.permuted(before % total, total, pass, 0)), draw: pass };
}

const range = 2n ** 32n;
/** 2³² divided by the golden ratio, to the nearest odd number. */
const goldenStep = 0x9e3779b9n;

/** Where each member's share of 2³² points ends. */
function shareBounds(members: readonly Sampled[]): number[] {
  let end = 0;
  const ends = members.map(({ share }) => {
    end += share;
    return Math.round(end * Number(range));
  });
  if (Math.abs(end - 1) > 1e-6) throw new RangeError(`draw: expected shares that add up to 1, got ${end}`);
  const last = members.findLastIndex(({ share }) => share > 0);
  return ends.map((bound, at) => (at >= last ? Number(range) : bound));
}

/** How many of the first `n` points lie below `bound`. */
function hits(n: number, offset: number, bound: number): number {
  const count = BigInt(n);
  const below = floorSum(count, BigInt(offset) + range - BigInt(bound));
  return Number(floorSum(count, BigInt(offset)) + count - below);
}

/**
 * Sum over i < n of ⌊(goldenStep · i + b) / 2³²⌋.
 *
 * @source Graham, Knuth, Patashnik: Concrete Mathematics § 3.5; in steps of Euclid's algorithm
 */
function floorSum(count: bigint, start: bigint): bigint {
  let [n, m, a, b, sum] = [count, range, goldenStep, start, 0n];
  while (n > 0n) {
    sum += ((n * (n - 1n)) / 2n) * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const top = a * n + b;
    [n, m, a, b] = [top / m, a, m, top % m];
  }
  return sum;
}
