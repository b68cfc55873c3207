import { actionFeatures, stateFeatures } from "../feature.ts";
import { changes } from "../statistics.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { Info } from "./info.ts";

/** Steps of a chunk where no one says how many, one per frame: as many as the recipes have. */
export const usualChunkSteps = 16;

/** How the episodes of a dataset end: at work, or after it. */
export interface Endings {
  /** Steps of a chunk, one per frame. */
  readonly chunkSteps: number;
  /** Those whose numbers could be read. */
  readonly episodes: number;
  /** Of them: the robot still moves in the last 0.2 s. */
  readonly moving: number;
  /** It rests in the last 0.2 s, and moves in the last chunk or has no frames for one. */
  readonly pausing: number;
  /** It rests throughout the last chunk: what stands past the end is what stands before it. */
  readonly resting: number;
  readonly frames: number;
  /** Frames whose chunk reaches past the end of their episode. */
  readonly framesPastEnd: number;
}

/** A dof moves in 0.2 s where it passes a larger share of what it passes in the dataset; at full speed robots pass 5 to 8 %. */
const movingShare = 0.005;

const windowSeconds = 0.2;

/**
 * Below this correlation between one change and the next a dof trembles: −0.5 is noise about a place, near 1 a smooth motion.
 *
 * What a trembling dof passes is its noise, beside which every change is large.
 */
const tremblingBelow = -0.25;

/**
 * How the episodes of a dataset end, gathered episode by episode; a few numbers are kept of each.
 *
 * Motion is read from the state, where there is one: it says where the robot is whatever its actions mean, and a velocity that
 * stays the same moves the robot. Else it is read from the action. Its scale is the range of the dof in the dataset and not its
 * usual change from frame to frame, which is a rounding error where a dof mostly rests. Dofs that never change or only tremble
 * are left out; so is a gripper that the state lacks.
 */
export class EpisodeEndings {
  readonly #columns: readonly string[];
  readonly #windowFrames: number;
  readonly #chunkSteps: number;
  readonly #episodes: Ending[] = [];
  readonly #dofs: Dof[] = [];

  constructor(info: Pick<Info, "features" | "framesPerSecond">, chunkSteps: number) {
    const states = stateFeatures(info);
    this.#columns = (states.length > 0 ? states : actionFeatures(info)).map(({ key }) => key);
    this.#windowFrames = 1 + Math.max(1, Math.round(windowSeconds * info.framesPerSecond));
    this.#chunkSteps = chunkSteps;
  }

  /** Takes an episode in, by its columns `[frame, entry]`; passes it over where one is missing that motion is read from. */
  add({ length }: Pick<EpisodeRecord, "length">, columns: ReadonlyMap<string, Float64Array>): void {
    const read = this.#columns.map((key) => columns.get(key));
    if (length === 0 || read.length === 0 || !read.every((column) => column !== undefined)) return;
    const lastSpans: number[] = [];
    const chunkSpans: number[] = [];
    for (const values of read.flatMap((column) => entriesOf(column, length))) {
      const dof = this.#dofs[lastSpans.length] ?? new Dof();
      this.#dofs[lastSpans.length] = dof;
      dof.add(values);
      lastSpans.push(span(values, length, this.#windowFrames));
      chunkSpans.push(largestSpan(values, this.#chunkSteps, this.#windowFrames));
    }
    this.#episodes.push({ length, lastSpans, chunkSpans });
  }

  /** `null` where no episode could be read. */
  count(): Endings | null {
    if (this.#episodes.length === 0) return null;
    const smallest = this.#dofs.map((dof) => dof.smallestMotion());
    const moves = (spans: readonly number[]) => spans.some((passed, dof) => passed > smallest[dof]!);
    const isMoving = ({ lastSpans }: Ending) => moves(lastSpans);
    const isResting = ({ length, chunkSpans }: Ending) => length >= this.#chunkSteps && !moves(chunkSpans);
    const moving = this.#episodes.filter(isMoving).length;
    const resting = this.#episodes.filter((episode) => !isMoving(episode) && isResting(episode)).length;
    const past = ({ length }: Ending) => Math.min(length, this.#chunkSteps - 1);
    return {
      chunkSteps: this.#chunkSteps,
      episodes: this.#episodes.length,
      moving,
      pausing: this.#episodes.length - moving - resting,
      resting,
      frames: this.#episodes.reduce((sum, { length }) => sum + length, 0),
      framesPastEnd: this.#episodes.reduce((sum, episode) => sum + past(episode), 0),
    };
  }
}

/** The end of one episode: what each dof passes, in its own unit. */
interface Ending {
  readonly length: number;
  /** In the last 0.2 s. */
  readonly lastSpans: readonly number[];
  /** In whichever 0.2 s of the last chunk it passes most. */
  readonly chunkSpans: readonly number[];
}

/** What one dof does in all episodes. */
class Dof {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  /** Sum of squared changes from frame to frame, and of the products of each with the next. */
  #squares = 0;
  #products = 0;

  add(values: Float64Array): void {
    let before = 0;
    for (let frame = 0; frame < values.length; frame++) {
      const value = values[frame]!;
      const change = frame === 0 ? 0 : value - values[frame - 1]!;
      this.#min = Math.min(this.#min, value);
      this.#max = Math.max(this.#max, value);
      this.#squares += change * change;
      this.#products += change * before;
      before = change;
    }
  }

  /** What the dof has to pass in 0.2 s to move; infinite where it never changes or only trembles. */
  smallestMotion(): number {
    const isConstant = !changes({ min: Float64Array.of(this.#min), max: Float64Array.of(this.#max) }, 0);
    if (isConstant || this.#products < tremblingBelow * this.#squares) return Number.POSITIVE_INFINITY;
    return movingShare * (this.#max - this.#min);
  }
}

/** The values of each entry of a column, by frame. */
function entriesOf(column: Float64Array, length: number): Float64Array[] {
  const width = column.length / length;
  return Array.from({ length: width }, (_, entry) => {
    const values = new Float64Array(length);
    for (let frame = 0; frame < length; frame++) values[frame] = column[frame * width + entry]!;
    return values;
  });
}

/** Largest less smallest of the `count` values before an end, or of as many as there are. */
function span(values: Float64Array, end: number, count: number): number {
  const seen = values.subarray(Math.max(0, end - count), end);
  return Math.max(...seen) - Math.min(...seen);
}

/** The largest span of `count` values in a row among the last `among`, which are at least as many. */
function largestSpan(values: Float64Array, among: number, count: number): number {
  const first = Math.max(0, values.length - Math.max(among, count));
  let largest = span(values, values.length, count);
  for (let end = values.length - 1; end - count >= first; end--) largest = Math.max(largest, span(values, end, count));
  return largest;
}
