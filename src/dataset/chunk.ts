import { HostArray } from "../graph/host-array.ts";
import { Validity } from "../validity/validity.ts";

/** What a window is cut from: the frames of one episode. */
export interface EpisodeClock {
  readonly length: number;
  readonly framesPerSecond: number;
}

/** Where the steps of a window lie in their episode, and which of them do. */
export interface Window<A extends "t" | "o"> {
  /** Frames from the episode's start, between frames where rates differ; outside it where a step is not real. */
  readonly positions: Float64Array;
  /** The step lies between the first and the last frame, both included. */
  readonly real: Validity<A>;
}

/** How an entry is read between two frames. */
export type Interpolation =
  /** On the straight line between both. */
  | "linear"
  /** As the nearer frame has it, the even one where both are as near: grippers. */
  | "nearest";

/** Action steps from a frame on, at a rate: frame itself is step 0. */
export interface ActionSampling {
  readonly steps: number;
  /** `native` keeps the episode's own rate. */
  readonly stepsPerSecond: number | "native";
}

/** Observation slots up to a frame, oldest first: the frame itself is the last. */
export interface ObservationSlots {
  readonly slots: number;
  readonly interval: { readonly frames: number } | { readonly seconds: number };
}

/**
 * The action steps of a sample. A step between the last frame and where the next would be is past the end.
 *
 * @param frame in `[0, length)`
 * @throws RangeError if the frame is not in the episode, or a count or rate is not positive
 */
export function actionWindow(
  clock: EpisodeClock,
  frame: number,
  { steps, stepsPerSecond }: ActionSampling,
): Window<"t"> {
  const rate = stepsPerSecond === "native" ? clock.framesPerSecond : stepsPerSecond;
  const offset = (step: number) => (step * clock.framesPerSecond) / rate;
  const positions = placed(clock, frame, { count: steps, offset, unit: rate });
  return { positions, real: Validity.of("t", [steps], inside(positions, clock)) };
}

/**
 * The observation slots of a sample. A slot before the first frame is not real; the last always is.
 *
 * @param frame in `[0, length)`
 * @throws RangeError if the frame is not in the episode, or a count or interval is not positive
 */
export function observationWindow(
  clock: EpisodeClock,
  frame: number,
  { slots, interval }: ObservationSlots,
): Window<"o"> {
  const apart = "frames" in interval ? interval.frames : interval.seconds * clock.framesPerSecond;
  const offset = (slot: number) => (slot - (slots - 1)) * apart;
  const positions = placed(clock, frame, { count: slots, offset, unit: apart });
  return { positions, real: Validity.of("o", [slots], inside(positions, clock)) };
}

/**
 * The rows of an episode's table at the positions of a window.
 *
 * No value is made up: rows that are not real hold NaN, and whoever collates them writes a constant.
 *
 * @param table `[frame, entry]`, a whole episode
 * @param interpolation one per entry
 * @returns `[step, entry]`
 * @throws RangeError if the window is not of this episode or the entries differ in number
 */
export function resample(
  table: HostArray<"i j", "float64">,
  window: Window<"t"> | Window<"o">,
  interpolation: readonly Interpolation[],
): HostArray<"i j", "float64"> {
  const [frames = 0, entries = 0] = table.shape;
  if (interpolation.length !== entries)
    throw new RangeError(`resample: the table has ${entries} entries, interpolation ${interpolation.length}`);
  const steps = window.positions.length;
  const out = new Float64Array(steps * entries).fill(Number.NaN);
  for (let step = 0; step < steps; step++) {
    if (!window.real.isReal(step)) continue;
    const position = window.positions[step]!;
    if (position > frames - 1)
      throw new RangeError(`resample: the table has ${frames} frames, got step at ${position}`);
    const below = Math.floor(position);
    const share = position - below;
    const near = nearestFrame(position);
    for (let entry = 0; entry < entries; entry++) {
      const at = (frame: number) => table.cells[frame * entries + entry]!;
      out[step * entries + entry] =
        interpolation[entry] === "nearest" || share === 0 ? at(near) : (1 - share) * at(below) + share * at(below + 1);
    }
  }
  return new HostArray("i j", [steps, entries], "float64", out);
}

/** The frame nearest to a position; the even one where two are as near. */
export function nearestFrame(position: number): number {
  const below = Math.floor(position);
  const share = position - below;
  if (share !== 0.5) return share < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

interface Places {
  readonly count: number;
  /** Frames from the window's frame. */
  readonly offset: (at: number) => number;
  /** What must be positive, with the count. */
  readonly unit: number;
}

function placed({ length, framesPerSecond }: EpisodeClock, frame: number, { count, offset, unit }: Places) {
  if (!Number.isInteger(frame) || frame < 0 || frame >= length)
    throw new RangeError(`window: expected a frame of an episode of ${length}, got ${frame}`);
  if (!Number.isInteger(count) || count < 1 || !(unit > 0) || !(framesPerSecond > 0))
    throw new RangeError(
      `window: expected a positive count and rate, got ${count} and ${unit} at ${framesPerSecond} fps`,
    );
  return Float64Array.from({ length: count }, (_, at) => snapped(frame + offset(at)));
}

/** 0.1 s at 30 frames per second is frame 3, not 3.0000000000000004. */
function snapped(position: number): number {
  const whole = Math.round(position);
  return Math.abs(position - whole) < 1e-6 ? whole : position;
}

function inside(positions: Float64Array, { length }: EpisodeClock): Uint8Array {
  return Uint8Array.from(positions, (position) => (position >= 0 && position <= length - 1 ? 1 : 0));
}
