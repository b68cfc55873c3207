import type { Poison } from "../batch/poison.ts";
import { stream } from "../graph/random.ts";

/** What the laws put where nothing is real. */
export const poisonNames = ["NaN", "±1e30", "noise"] as const;

export type PoisonName = (typeof poisonNames)[number];

/** Extremes of an int32: no vocabulary has them. */
const [lowestToken, highestToken] = [-(2 ** 31), 2 ** 31 - 1];

/** What is added to hidden states of tokens that do not exist. */
export const hiddenNoise = 3;

/**
 * A poison by its name. Arrays of numbers that have no NaN get their extremes instead.
 *
 * @param vocabulary tokens that noise is drawn from
 */
export function poisonOf(name: PoisonName, vocabulary: number): Poison {
  switch (name) {
    case "NaN":
      return { number: () => Number.NaN, pixel: () => 255, token: () => highestToken };
    case "±1e30":
      return {
        number: (cell) => (cell % 2 === 0 ? 1e30 : -1e30),
        pixel: (cell) => cell % 256,
        token: () => lowestToken,
      };
    case "noise": {
      const random = stream(0, "poison");
      return {
        number: (cell) => random.normal(cell, 0, 0, 0),
        pixel: (cell) => Math.floor(256 * random.uniform(cell, 1, 0, 0)),
        token: (cell) => Math.floor(vocabulary * random.uniform(cell, 2, 0, 0)),
      };
    }
  }
}
