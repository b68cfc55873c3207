import type { Vector } from "./physics.ts";

/**
 * The next point on the straight way from one vector to another: every entry goes its `moves` at most, all by one share of
 * what is left, and the last piece is halved so that the motion ends softly.
 */
export function towards(from: readonly number[], to: readonly number[], moves: readonly number[]): number[] {
  const share = from.reduce((least, value, at) => Math.min(least, moves[at]! / Math.abs(to[at]! - value)), softShare);
  return from.map((value, at) => value + share * (to[at]! - value));
}

const softShare = 0.5;

/** Distance seen from above. */
export function distance(from: Vector | readonly number[], to: Vector | readonly number[]): number {
  return Math.hypot(from[0]! - to[0]!, from[1]! - to[1]!);
}

/** An angle brought between −π and π. */
export function wrapped(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
