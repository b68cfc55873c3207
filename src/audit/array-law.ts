import { filled } from "../batch/poison.ts";
import { type Axis, cells, letters } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import { asTheyAre, type Closeness, type Output, type Outputs, type Variation } from "./law.ts";
import { type PoisonName, poisonNames, poisonOf } from "./poison.ts";
import { hasRows, type Places, taken } from "./rearrange.ts";

/** Arguments of a function of padded arrays. */
export interface Arguments {
  readonly values: ReadonlyMap<string, HostArray<string, "float32">>;
  /** Which cells are real. */
  readonly masks: ReadonlyMap<string, HostArray<string, "bool">>;
}

/** What a function of padded arrays promises: enough to vary everything in its arguments that is not real. */
export interface Signature {
  /** For each of the padded values, the mask that says which of its cells are real, over some of its axes. */
  readonly real: Readonly<Record<string, string>>;
  /** What may stand in unreal cells: "finite" behind the door, where raw cells have been selected. */
  readonly unreal: "anything" | "finite";
  /** Axes along which there may be more padding, and how close outputs stay: "bits" where only zeros join their sums. */
  readonly grows: Readonly<Partial<Record<Axis, "bits" | Closeness>>>;
  /** How close sums over rows stay in another order; rows by themselves keep their bits. */
  readonly rows: Closeness | "not independent";
  /** The mask of cells that may come to exist behind those that do, of which outputs are compared; `null` where none may. */
  readonly horizon: string | null;
}

type ArgumentVariation = Variation<Arguments>;

const anyKind = { kinds: [], back: asTheyAre } as const;

/** Cells that are added to an axis. */
const added = 3;

/** The laws on a function of padded arrays, by the validity of its arguments. Outputs without an axis `b` are sums over rows. */
export function variationsOf(given: Arguments, signature: Signature): ArgumentVariation[] {
  const axes = letters(Object.keys(signature.grows).join(" "));
  return [
    ...poisonNames
      .filter((name) => signature.unreal === "anything" || name !== "NaN")
      .map((name) => poisoned(given, signature, name)),
    ...axes.map((axis) => grown(given, signature, axis)),
    ...(signature.horizon === null ? [] : [continued(given, signature, signature.horizon)]),
    ...(signature.rows === "not independent" ? [] : [halved(given, signature.rows), reversed(given, signature.rows)]),
  ];
}

function poisoned(given: Arguments, { real }: Signature, name: PoisonName): ArgumentVariation {
  const poison = poisonOf(name, 2);
  const sick = [...given.values].map(([argument, values]) => {
    const mask = given.masks.get(real[argument] ?? "");
    return [argument, mask === undefined ? values : filled(values, unrealIn(values, mask), poison.number)] as const;
  });
  return {
    ...anyKind,
    law: "poison",
    name: `${name} in unreal cells`,
    inputs: [{ ...given, values: new Map(sick) }],
    promise: () => "bits",
  };
}

/** Every cell of a mask exists, with noise where none did: what a robot that acts has before it. */
function continued(given: Arguments, { real }: Signature, horizon: string): ArgumentVariation {
  const noise = poisonOf("noise", 2).number;
  const mask = given.masks.get(horizon)!;
  const more = [...given.values].map(
    ([argument, values]) =>
      [argument, real[argument] === horizon ? filled(values, unrealIn(values, mask), noise) : values] as const,
  );
  const complete = new HostArray(mask.axes, mask.shape, "bool", new Uint8Array(mask.cells.length).fill(1));
  return {
    ...anyKind,
    law: "horizon",
    name: "every step exists",
    inputs: [{ values: new Map(more), masks: new Map([...given.masks, [horizon, complete]]) }],
    promise: () => "bits",
  };
}

function grown(given: Arguments, { grows, real }: Signature, axis: Axis): ArgumentVariation {
  const longer = rearranged(given, axis, (size) => [...ascending(size), ...Array<number>(added).fill(-1)]);
  const noise = poisonOf("noise", 2).number;
  // What is added is not even zero, unless nothing says that it is not real.
  const noisy = [...longer.values].map(([argument, values]) => {
    const mask = longer.masks.get(real[argument] ?? "");
    return [argument, mask === undefined ? values : filled(values, unrealIn(values, mask), noise)] as const;
  });
  const promised = grows[axis] ?? "bits";
  return {
    ...anyKind,
    law: "padding",
    name: `more ${axis}`,
    inputs: [{ ...longer, values: new Map(noisy) }],
    promise: () => promised,
  };
}

function halved(given: Arguments, sums: Closeness): ArgumentVariation {
  const half = (size: number) => Math.ceil(size / 2);
  const inputs = [
    rearranged(given, "b", (size) => ascending(size).slice(0, half(size))),
    rearranged(given, "b", (size) => ascending(size).slice(half(size))),
  ];
  // Half as many rows go through other kernels.
  return { ...anyKind, law: "split", name: "half of the rows at a time", inputs, back: together, promise: () => sums };
}

function reversed(given: Arguments, sums: Closeness): ArgumentVariation {
  const inputs = [rearranged(given, "b", (size) => ascending(size).toReversed())];
  const back = (outputs: readonly Outputs[]) =>
    new Map([...asTheyAre(outputs)].map(([name, values]) => [name, reversedRows(values)]));
  return {
    ...anyKind,
    law: "order",
    name: "rows in the opposite order",
    inputs,
    back,
    promise: (output, expected) => (hasRows(expected.get(output)!) ? "bits" : sums),
  };
}

/** Outputs of some rows after those of others; sums added up. */
function together(outputs: readonly Outputs[]): Outputs {
  const [first, second] = [outputs[0]!, outputs[1]!];
  return new Map(
    [...first].map(([name, values]) => {
      const other = second.get(name)!;
      const rows = values.shape[0] ?? 0;
      if (!hasRows(values)) return [name, plus(values, other)];
      const out = taken(values, { b: [...ascending(rows), ...Array<number>(other.shape[0]!).fill(-1)] }, 0);
      out.cells.set(other.cells, values.cells.length);
      return [name, out];
    }),
  );
}

function plus(one: Output, other: Output): Output {
  const out = taken(one, {}, 0);
  for (let at = 0; at < out.cells.length; at++) out.cells[at]! += other.cells[at]!;
  return out;
}

function reversedRows(values: Output): Output {
  return hasRows(values) ? taken(values, { b: ascending(values.shape[0]!).toReversed() }, 0) : values;
}

/** Every argument that has the axis, with places that come from elsewhere along it; −1 comes from nowhere. */
function rearranged({ values, masks }: Arguments, axis: Axis, places: (size: number) => readonly number[]): Arguments {
  const sources = ({ axes, shape }: { axes: string; shape: readonly number[] }): Places => {
    const at = letters(axes).indexOf(axis);
    return at < 0 ? {} : { [axis]: places(shape[at]!) };
  };
  return {
    values: new Map([...values].map(([name, array]) => [name, taken(array, sources(array), 0)])),
    masks: new Map([...masks].map(([name, array]) => [name, taken(array, sources(array), 0)])),
  };
}

/** A byte per cell of the values: 1 where the mask says that it is not real. */
export function unrealIn(values: HostArray<string, "float32">, mask: HostArray<string, "bool">): Uint8Array {
  const own: string[] = letters(values.axes);
  const strides = letters(mask.axes).map((letter, axis) => {
    const at = own.indexOf(letter);
    if (at < 0) throw new RangeError(`unrealIn: expected an axis "${letter}" of the mask in "${values.axes}"`);
    return {
      inner: cells(values.shape.slice(at + 1)),
      size: values.shape[at]!,
      outer: cells(mask.shape.slice(axis + 1)),
    };
  });
  return Uint8Array.from({ length: values.cells.length }, (_, cell) => {
    const place = strides.reduce((sum, { inner, size, outer }) => sum + (Math.floor(cell / inner) % size) * outer, 0);
    return 1 - mask.cells[place]!;
  });
}

function ascending(count: number): number[] {
  return [...Array(count).keys()];
}
