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
    return this.arrange(1, (_, attempt) => draw(attempt), isGood)[0]!;
  }

  /**
   * So many draws that go together, one after the other. Where none of many goes with those before it, all are drawn anew: the
   * first may have been put where they leave the last no room.
   */
  arrange<T>(
    count: number,
    draw: (at: number, attempt: number) => T,
    goesWith: (drawn: T, before: readonly T[]) => boolean,
  ): T[] {
    for (let round = 0; round < rounds; round++) {
      const drawn: T[] = [];
      for (let attempt = 0; attempt < attempts && drawn.length < count; attempt++) {
        const next = draw(drawn.length, round * attempts + attempt);
        if (!goesWith(next, drawn)) continue;
        drawn.push(next);
        attempt = -1;
      }
      if (drawn.length === count) return drawn;
    }
    throw new Error(`chance: none of ${rounds * attempts} draws will do; the robot's ranges leave no room`);
  }

  #uniform(what: string): number {
    return stream(this.#seed, "simulation", this.#robot, what).uniform(0, this.#episode, 0, 0);
  }
}

const attempts = 1000;
const rounds = 100;
