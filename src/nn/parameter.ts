import { input, nodesBefore, SymbolicArray } from "../graph/array.ts";
import { cells, letters, type Within } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { add } from "../graph/op/elementwise.ts";
import { where } from "../graph/op/select.ts";
import { stream } from "../graph/random.ts";
import type { Rules } from "../validity/rules.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";
import { type Adapters, adapterPath, isAdapted } from "./adapter.ts";

/** How a parameter begins. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  /** Row by row the places of a square of this side, each as sines and cosines of where it is. */
  | { readonly kind: "sincos2d"; readonly side: number };

export const zero: Initial = { kind: "constant", value: 0 };
export const one: Initial = { kind: "constant", value: 1 };

/** Normal with the deviation that keeps the variance of `fanIn` summed inputs. */
export function fanIn(width: number): Initial {
  return { kind: "normal", deviation: 1 / Math.sqrt(width) };
}

/** What is known of a parameter without its values. */
export interface ParameterForm {
  readonly name: string;
  readonly axes: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
}

/** A parameter inside the model that asked for it. */
export interface Parameter extends ParameterForm {
  readonly array: SymbolicArray<string>;
}

/** Parameters by name. */
export type ParameterValues = ReadonlyMap<string, HostArray<string, "float32">>;

/** An array that the audit may look at: where a leak enters is the first of them that differs. */
export interface Watched {
  readonly name: string;
  readonly array: SymbolicArray<string, "float32">;
  /** Which of its cells exist, over some of its axes. */
  readonly isReal: SymbolicArray<string, "bool">;
}

/** Name of the input `[]` of a poisonable program: what is added to hidden states of tokens that do not exist. */
export const hiddenPoison = "hiddenPoison";

/**
 * Where a model is being written: the path of its parameters, the rules of padding that hold, and what is watched.
 *
 * A parameter exists by being asked for; asking twice for one name gives one array, so sharing weights is sharing names.
 */
export class Scope {
  readonly path: string;
  readonly #model: Model;
  readonly #isWatched: boolean;

  private constructor(path: string, model: Model, isWatched: boolean) {
    this.path = path;
    this.#model = model;
    this.#isWatched = isWatched;
  }

  static root(rules: Rules): Scope {
    return new Scope(
      "",
      { rules, parameters: new Map(), watched: [], poison: null, adapters: null, trains: null },
      true,
    );
  }

  /** For the audit: the program has one more input, `hiddenPoison`, and with 0 in it computes what it otherwise does. */
  static poisonable(rules: Rules): Scope {
    const poison = input(hiddenPoison, "", [], "float32");
    return new Scope("", { rules, parameters: new Map(), watched: [], poison, adapters: null, trains: null }, true);
  }

  /** The same place in a model whose layers have adapters; before anything is asked for. */
  withAdapters(adapters: Adapters | null): Scope {
    return new Scope(this.path, { ...this.#model, adapters }, this.#isWatched);
  }

  /** The same place in a model of which it is known what trains; before anything is asked for. `null`: any parameter may. */
  withTrained(trains: Trains | null): Scope {
    return new Scope(this.path, { ...this.#model, trains }, this.#isWatched);
  }

  /** Whether no parameter that may train leads to the arrays: no gradient goes back through them. */
  isStill(arrays: readonly SymbolicArray<string>[]): boolean {
    const { parameters, trains } = this.#model;
    if (trains === null) return false;
    const nodes = new Set(nodesBefore(arrays));
    return [...parameters.values()].every(({ name, array }) => !nodes.has(array.node) || !trains(name));
  }

  /** Where the adapter of the linear map that is written here stands; `null` where it has none. */
  get adapter(): { readonly scope: Scope; readonly rank: number; readonly factor: number } | null {
    const { adapters } = this.#model;
    if (adapters === null || !isAdapted(adapters, this.path)) return null;
    const { rank, alpha } = adapters;
    return { scope: new Scope(adapterPath(this.path), this.#model, this.#isWatched), rank, factor: alpha / rank };
  }

  get rules(): Rules {
    return this.#model.rules;
  }

  in(name: string): Scope {
    return new Scope(this.path === "" ? name : `${this.path}.${name}`, this.#model, this.#isWatched);
  }

  /** The same place, in which nothing is watched: rows that are no samples have no counterpart where there are more of them. */
  unwatched(): Scope {
    return new Scope(this.path, this.#model, false);
  }

  /** Hidden states as something is about to read them; in a poisonable program, with the poison in those of unreal tokens. */
  hidden<V extends string, A extends string>(
    states: SymbolicArray<A>,
    real: SymbolicValidity<Within<V, A>>,
  ): SymbolicArray<A> {
    const { poison } = this.#model;
    if (poison === null) return states;
    const mask = alignAny(real.isReal, { axes: states.axes, shape: states.shape, type: "bool" });
    return where(mask, states, add(states, alignAny(poison, states)));
  }

  /** @throws RangeError if the name stands for a parameter of another form */
  parameter<A extends string>(name: string, axes: A, shape: readonly number[], initial: Initial): SymbolicArray<A> {
    const path = this.in(name).path;
    const known = this.#model.parameters.get(path);
    if (known !== undefined && (known.axes !== axes || known.shape.join() !== shape.join()))
      throw new RangeError(
        `parameter "${path}": is "${known.axes}" [${known.shape}], asked for as "${axes}" [${shape}]`,
      );
    const form = { axes, shape, type: "float32" } as const;
    const array = known?.array ?? input(path, axes, shape, "float32");
    if (known === undefined) this.#model.parameters.set(path, { name: path, axes, shape, initial, array });
    return new SymbolicArray(form, array.node, array.output);
  }

  /** Names an array for the audit, and which of its cells exist; returns it. */
  watch<V extends string, A extends string>(
    name: string,
    array: SymbolicArray<A>,
    real: SymbolicValidity<Within<V, A>>,
  ): SymbolicArray<A> {
    if (this.#isWatched) this.#model.watched.push({ name: this.in(name).path, array, isReal: real.isReal });
    return array;
  }

  /** In the order in which the model asked for them. */
  get parameters(): readonly Parameter[] {
    return [...this.#model.parameters.values()];
  }

  get watched(): readonly Watched[] {
    return this.#model.watched;
  }
}

/** What all scopes of one model share. */
interface Model {
  readonly rules: Rules;
  readonly parameters: Map<string, Parameter>;
  readonly watched: Watched[];
  readonly poison: SymbolicArray<""> | null;
  readonly adapters: Adapters | null;
  readonly trains: Trains | null;
}

/** Which parameters train, by name. */
export type Trains = (name: string) => boolean;

/**
 * Values of parameters before training.
 *
 * What is drawn is keyed by (seed, parameter, row, column), the last axis being the column, and by the embodiment where there is a
 * set of weights for each: a wider table keeps the cells it shares with a narrower one.
 */
export function initialValues(
  forms: readonly ParameterForm[],
  seed: number,
): Map<string, HostArray<string, "float32">> {
  return new Map(drawnValues(forms, seed));
}

/** The same one after the other, each drawn when it is asked for. */
export function* drawnValues(
  forms: readonly ParameterForm[],
  seed: number,
): Generator<[string, HostArray<string, "float32">]> {
  for (const form of forms) yield [form.name, initialValue(form, seed)];
}

function initialValue({ name, axes, shape, initial }: ParameterForm, seed: number): HostArray<string, "float32"> {
  const columns = shape.at(-1) ?? 1;
  const sets = letters(axes)[0] === "u" ? shape[0]! : 1;
  const rows = cells(shape.slice(0, -1)) / sets;
  const values = new Float32Array(sets * rows * columns);
  if (initial.kind === "constant") return new HostArray(axes, shape, "float32", values.fill(initial.value));
  if (initial.kind === "sincos2d") return new HostArray(axes, shape, "float32", places(initial.side, columns));
  const random = stream(seed, "initial weight", name);
  for (let at = 0; at < sets * rows; at++) {
    const part = values.subarray(at * columns, (at + 1) * columns);
    random.fillNormal(part, at % rows, Math.floor(at / rows), 0);
    for (let column = 0; column < columns; column++) part[column]! *= initial.deviation;
  }
  return new HostArray(axes, shape, "float32", values);
}

/**
 * The places of a square, row by row: near places are alike, so that what is learnt at one holds around it.
 *
 * Four columns for each wave: sine and cosine along the row, then across rows. The longest wave is twice the side, the
 * shortest four places; in between their lengths are a geometric series.
 *
 * @param width multiple of 4
 * @returns `[n e]`
 * @source MAE (arXiv:2111.06377), appendix A.1; openpi `siglip.py` `posemb_sincos_2d`; those waves reach up to 62,832 places, which
 *   says little of 16 of them
 */
function places(side: number, width: number): Float32Array {
  const waves = width / 4;
  const turns = Array.from(
    { length: waves },
    (_, at) => (Math.PI / side) * (side / 2) ** (at / Math.max(1, waves - 1)),
  );
  const along = Array.from({ length: side }, (_, at) =>
    turns.map((turn) => [Math.sin((at + 0.5) * turn), Math.cos((at + 0.5) * turn)]),
  );
  return Float32Array.from(
    along.flatMap((row) => along.flatMap((column) => turns.flatMap((_, at) => [...column[at]!, ...row[at]!]))),
  );
}
