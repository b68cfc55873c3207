import { cells, sizes } from "../../graph/axes.ts";
import { InputError } from "../../input-error.ts";
import type { ParameterForm } from "../../nn/parameter.ts";

/**
 * One of our parameters as another project's file holds it: its name there, and its axes there, of which one group of letters is one
 * axis: `"af e"` is our `a f e` as `[heads · width, e]`. Where the file has single axes in another order, ours are said as well: `"u j e"`, `"u e j"`.
 * A number in both names that stands for any is `*`.
 */
export type NameRow = readonly [ours: string, theirs: string, groups: string, axes?: string];

/** What another project calls the parameters of a policy. */
export interface ForeignNames {
  /** As errors name it. */
  readonly project: string;
  readonly rows: readonly NameRow[];
  /** Names under which a file may hold a tensor instead: safetensors keeps one name of a tied pair. */
  readonly tied: ReadonlyMap<string, string>;
  /** Tensors that no policy reads, though a file holds them; a number that stands for any is `*`. */
  readonly unused: ReadonlySet<string>;
  /** Modules of a model that is none of ours: whatever stands in them is left behind. */
  readonly left?: readonly string[];
}

/** One of our parameters as a file holds it: the same cells, seen with another shape. */
export interface ForeignTensor {
  readonly parameter: string;
  readonly name: string;
  readonly shape: readonly number[];
  /** Our axes in the order in which the file has them; where that is ours, so are the cells. */
  readonly axes: string;
}

/**
 * Where each parameter stands in another project's files, in the order of the parameters.
 *
 * Where rows of weights are outputs on both sides, heads are contiguous in them, so no cell changes its place.
 *
 * @throws RangeError if a parameter has no counterpart there
 */
export function foreignTensors(
  { project, rows }: Pick<ForeignNames, "project" | "rows">,
  forms: readonly ParameterForm[],
): ForeignTensor[] {
  const table = new Map(rows.map(([ours, theirs, groups, axes]) => [ours, { theirs, groups, axes: axes ?? groups }]));
  return forms.map((form) => {
    const row = table.get(anyNumber(form.name));
    if (row === undefined) throw new RangeError(`${project}: expected a parameter that it has, got "${form.name}"`);
    const { theirs, groups } = row;
    if (row.axes.replaceAll(" ", "") !== form.axes.replaceAll(" ", ""))
      throw new RangeError(`${project}: expected "${form.name}" with the axes "${row.axes}", got "${form.axes}"`);
    const size: ReadonlyMap<string, number> = sizes(form.axes, form.shape);
    const shape = groups.split(" ").map((group) => cells([...group].map((letter) => size.get(letter) ?? 0)));
    const axes = groups.replaceAll(" ", "").split("").join(" ");
    return { parameter: form.name, name: withNumbers(theirs, form.name), shape, axes };
  });
}

/**
 * Refuses a file whose tensors are not those of a policy. It may hold those of its rows that no result depends on: nobody reads the
 * backbone's last feed-forward where only its keys go on.
 *
 * @param found shapes by name, as the file has them
 * @throws InputError naming what is missing, what is of another shape and what nobody asks for
 */
export function checkTensors(
  where: string,
  { rows, tied, unused, left: modules = [] }: ForeignNames,
  wanted: readonly ForeignTensor[],
  found: ReadonlyMap<string, readonly number[]>,
): void {
  const nameIn = (name: string) => nameInFile({ tied }, found, name);
  const missing = wanted.filter(({ name }) => !found.has(nameIn(name))).map(({ name }) => name);
  const others = wanted.flatMap(({ name, shape }) => {
    const own = found.get(nameIn(name));
    return own === undefined || own.join() === shape.join() ? [] : [`"${name}" [${own}] for [${shape}]`];
  });
  const known = [...rows.map(([, theirs]) => theirs), ...tied.values(), ...unused].map(asPattern);
  const isLeft = (name: string) => modules.some((module) => name.startsWith(`${module}.`));
  const left = [...found.keys()].filter((name) => !isLeft(name) && !known.some((pattern) => pattern.test(name)));
  const problems = [
    ...(missing.length > 0 ? [`expected ${listed(missing)}, got none of that name`] : []),
    ...(others.length > 0 ? [`expected other shapes: ${others.slice(0, 4).join(", ")}`] : []),
    ...(left.length > 0 ? [`expected no more tensors, got ${listed(left)}`] : []),
  ];
  if (problems.length > 0) throw new InputError(`${where}: ${problems.join("; ")}`);
}

/** The name under which a file holds a tensor: its own, or the other of a tied pair. */
export function nameInFile(
  { tied }: Pick<ForeignNames, "tied">,
  found: ReadonlyMap<string, unknown>,
  name: string,
): string {
  return found.has(name) ? name : (tied.get(name) ?? name);
}

/** Tensors of a file that no parameter is read from, as no result depends on them. */
export function unreadTensors(
  names: Pick<ForeignNames, "tied">,
  wanted: readonly ForeignTensor[],
  found: ReadonlyMap<string, unknown>,
): string[] {
  const read = new Set(wanted.map(({ name }) => nameInFile(names, found, name)));
  return [...found.keys()].filter((name) => !read.has(name)).sort();
}

/** The same names below a module. */
export function belowModule(module: string, { project, rows, tied, unused, left = [] }: ForeignNames): ForeignNames {
  return {
    project,
    rows: rows.map(([ours, theirs, ...axes]) => [ours, `${module}.${theirs}`, ...axes]),
    tied: new Map([...tied].map(([one, other]) => [`${module}.${one}`, `${module}.${other}`])),
    unused: new Set([...unused].map((name) => `${module}.${name}`)),
    left: left.map((name) => `${module}.${name}`),
  };
}

/** Rows of one module: where it stands on both sides, and what is in it. */
export function within(ours: string, theirs: string, rows: readonly NameRow[]): NameRow[] {
  return rows.map(([own, other, ...axes]) => [`${ours}.${own}`, `${theirs}.${other}`, ...axes]);
}

/** Weight and bias of a linear map from some axes to others, or, from none, of a norm. */
export function affine(ours: string, theirs: string, to: string, from: string): NameRow[] {
  return [
    [`${ours}.weight`, `${theirs}.weight`, from === "" ? to : `${to} ${from}`],
    [`${ours}.bias`, `${theirs}.bias`, to],
  ];
}

/** Some names, of many the first four. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}

/** A name with `*` in the place of each number that is a whole part of it. */
function anyNumber(name: string): string {
  return name.replaceAll(/(?<=^|\.)\d+(?=\.|$)/g, "*");
}

/** What a name matches whose stars stand for any number. */
function asPattern(name: string): RegExp {
  return new RegExp(`^${name.replaceAll(".", "\\.").replaceAll("*", "\\d+")}$`);
}

/** A name with the numbers of another in the place of its stars, in order. */
function withNumbers(name: string, from: string): string {
  const numbers = from.match(/(?<=^|\.)\d+(?=\.|$)/g) ?? [];
  let at = 0;
  return name.replaceAll("*", () => numbers[at++] ?? "*");
}
