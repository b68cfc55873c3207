import { clamp } from "./motion.ts";
import type { Vector } from "./physics.ts";

/** Where on the table a robot's target may be put, in metres: within a box, and so far from the middle of the table. */
export interface TargetArea {
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
  readonly distance: readonly [least: number, most: number];
}

/** The nearest place of an area in the direction of another; the box counts more than the distance. */
export function nearestIn({ x, y, distance: [least, most] }: TargetArea, to: readonly [number, number]): Vector {
  const length = Math.hypot(...to);
  // The middle itself lies in no direction.
  const [across, along] = length === 0 ? [1, 0] : [to[0] / length, to[1] / length];
  const far = clamp(length, least, most);
  return [clamp(far * across, ...x), clamp(far * along, ...y), 0];
}
