import { letters } from "../graph/axes.ts";

/** Static sizes of a micro-batch: one compiled program per layout. */
export interface BatchLayout {
  /** `b`: rows, filler included. */
  readonly rows: number;
  /** `t`: action steps. */
  readonly steps: number;
  /** `d`: slots for degrees of freedom. */
  readonly actionWidth: number;
  /** `s`: slots for state entries. */
  readonly stateWidth: number;
  /** `v`: camera views. */
  readonly views: number;
  /** `o`: observation slots, the last is now; 1 without history. */
  readonly observations: number;
  /** `n`: prompt tokens. */
  readonly tokens: number;
  /** `r`: tokens of a response behind the prompt; 0 or missing where a policy reads none. */
  readonly responseTokens?: number;
  /** `m`: tokens that say the actions of a sample; 0 where a policy says none. */
  readonly actionTokens: number;
  /** `z`: tokens of what is known of an episode; missing where a policy reads none. */
  readonly metadataTokens?: number;
  /** `x`: pictures of what a robot is to reach, one for each view; missing where a policy reads none. */
  readonly subgoals?: number;
  /** Side of the square pictures, in pixels. */
  readonly pictureSize: number;
}

/** Which of a layout's sizes an axis has, of those along which a batch is padded. */
export const paddedAxes = {
  b: "rows",
  o: "observations",
  t: "steps",
  d: "actionWidth",
  s: "stateWidth",
  v: "views",
  n: "tokens",
  r: "responseTokens",
  m: "actionTokens",
  z: "metadataTokens",
  x: "subgoals",
} as const satisfies Readonly<Record<string, keyof BatchLayout>>;

export type PaddedAxis = keyof typeof paddedAxes;

/**
 * Sizes of axes of a batch.
 *
 * @throws RangeError if a batch has no such axis
 */
export function shapeIn(layout: BatchLayout, axes: string): number[] {
  return letters(axes).map((axis) => {
    if (isPadded(axis)) return layout[paddedAxes[axis]] ?? 0;
    if (axis === "h" || axis === "w") return layout.pictureSize;
    if (axis === "c") return 3;
    throw new RangeError(`shapeIn: a batch has no axis "${axis}"`);
  });
}

function isPadded(axis: string): axis is PaddedAxis {
  return Object.hasOwn(paddedAxes, axis);
}
