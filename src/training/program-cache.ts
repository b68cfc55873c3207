import type { MicroShape } from "../batch/shape.ts";

/** What is compiled for one shape of micro-batches. */
interface Compiled {
  release(): void;
}

interface Entry<P> {
  readonly program: Promise<P>;
  /** How many computations are under way. */
  users: number;
}

/** Programs of a kind that are kept at a time: of few shapes, each with a few numbers of rows. */
export const mostPrograms = 16;

/** Programs by the shape of the micro-batches that they compute: compiled when first needed, and the least recently used released. */
export class ProgramCache<P extends Compiled> {
  readonly #compile: (shape: MicroShape) => Promise<P>;
  readonly #most: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<P>>();
  #compiled = 0;

  /** @param most that are kept while none of them computes */
  constructor(compile: (shape: MicroShape) => Promise<P>, most: number) {
    this.#compile = compile;
    this.#most = most;
  }

  /** How many programs were compiled, those included that are gone. */
  get compiled(): number {
    return this.#compiled;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is computed with the program of a shape. */
  async with<T>(shape: MicroShape, compute: (program: P) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(shape);
    entry.users++;
    try {
      return await compute(await entry.program);
    } finally {
      entry.users--;
      this.#shrink();
    }
  }

  /** Releases every program once it is compiled. */
  release(): void {
    for (const { program } of this.#entries.values()) releaseWhenCompiled(program);
    this.#entries.clear();
  }

  #entryOf(shape: MicroShape): Entry<P> {
    const { rows, views, observations, tokens } = shape;
    const key = [rows, views, observations, tokens].join(" ");
    const known = this.#entries.get(key);
    const entry = known ?? { program: this.#compile(shape), users: 0 };
    if (known === undefined) this.#compiled++;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #shrink(): void {
    for (const [key, { program, users }] of this.#entries) {
      if (this.#entries.size <= this.#most) return;
      if (users > 0) continue;
      this.#entries.delete(key);
      releaseWhenCompiled(program);
    }
  }
}

function releaseWhenCompiled(program: Promise<Compiled>): void {
  program.then(
    (compiled) => compiled.release(),
    // Whoever asked for it was told.
    () => {},
  );
}
