import type { Picture } from "../src/dataset/dataset.ts";
import { HostArray } from "../src/graph/host-array.ts";
import type { LeRobotSample } from "./lerobot.ts";
import { datasetOf, type Loading } from "./loading.ts";

/** How far another reader's samples are from ours. */
export interface Comparison {
  readonly samples: number;
  /** Of 255, at the video's own size: converters to RGB spread colour over pixels in different ways. */
  readonly meanPixelDifference: number;
  /** Of 255, between means over squares of 8 x 8 pixels: another frame would show here. */
  readonly largestSquareDifference: number;
  /** Of states and actions, in the data's own units. */
  readonly largestNumberDifference: number;
}

const square = 8;
const ownSize = { height: 1 << 15, width: 1 << 15 };

/** Compares pictures at the video's own size, states and first actions. */
export async function compareSamples(loading: Loading, samples: readonly LeRobotSample[]): Promise<Comparison> {
  const dataset = await datasetOf(loading);
  const [pixels, squares, numbers]: [number[], number[], number[]] = [[], [], []];
  for (const { episode, frame, camera, pixels: cells, state, action } of samples) {
    const own = await dataset.picture(camera, episode, frame, ownSize);
    const other = new HostArray("h w c", own.shape, "uint8", cells);
    pixels.push(mean(differences(own.cells, other.cells)));
    squares.push(largest(differences(squareMeans(own), squareMeans(other))));
    const table = await dataset.table(episode);
    for (const [key, row] of Object.entries({ "observation.state": state, action })) {
      const column = table.vector(key);
      numbers.push(...differences(column.cells.subarray(frame * row.length, (frame + 1) * row.length), row));
    }
  }
  await dataset.close();
  return {
    samples: samples.length,
    meanPixelDifference: mean(pixels),
    largestSquareDifference: largest(squares),
    largestNumberDifference: largest(numbers),
  };
}

/** Means of each channel over the squares of a picture; what is left over at its edges is left out. */
export function squareMeans({ shape, cells }: Picture): Float64Array {
  const [height = 0, width = 0] = shape;
  const [down, across] = [Math.floor(height / square), Math.floor(width / square)];
  const means = new Float64Array(down * across * 3);
  for (let y = 0; y < down * square; y++)
    for (let x = 0; x < across * square; x++)
      for (let channel = 0; channel < 3; channel++) {
        const at = (Math.floor(y / square) * across + Math.floor(x / square)) * 3 + channel;
        means[at]! += cells[(y * width + x) * 3 + channel]! / square ** 2;
      }
  return means;
}

function differences(one: ArrayLike<number>, other: ArrayLike<number>): number[] {
  if (one.length !== other.length) throw new RangeError(`compare: expected ${one.length} numbers, got ${other.length}`);
  return Array.from(one, (value, at) => Math.abs(value - other[at]!));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
