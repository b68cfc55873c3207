import { stream } from "../graph/random.ts";

/** Random draws of one episode of a robot: each has a name, and draws of other names do not change it. */
export class Chance {
  readonly #seed: number;
  readonly #robot: string;
  readonly #episode: number;

  constructor(seed: number, robot: string, episode: number) {
    this.#seed = seed;
    this.#robot = robot;
    this.#episode = episode;
  }

  /** Evenly from `low` to `high`. */
  between(what: string, low: number, high: number): number {
    return low + (high - low) * this.#uniform(what);
  }

  /** One of a list. */
  pick<T>(what: string, from: readonly T[]): T {
    const found = from[Math.floor(this.#uniform(what) * from.length)];
    if (found === undefined) throw new RangeError(`chance: expected something to pick "${what}" from, got nothing`);
    return found;
  }

  /** Several of a list, each once, in random order. */
  pickSeveral<T>(what: string, from: readonly T[], count: number): T[] {
    const left = [...from];
    return Array.from({ length: count }, (_, at) => {
      const found = this.pick(`${what} ${at}`, left);
      left.splice(left.indexOf(found), 1);
      return found;
    });
  }

  /** The first of many draws that will do. */
  until<T>(draw: (attempt: number) => T, isGood: (drawn: T) => boolean): T {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const drawn = draw(attempt);
      if (isGood(drawn)) return drawn;
    }
    throw new Error(`chance: none of ${attempts} draws will do; the robot's ranges leave no room`);
  }

  #uniform(what: string): number {
    return stream(this.#seed, "simulation", this.#robot, what).uniform(0, this.#episode, 0, 0);
  }
}

const attempts = 1000;
