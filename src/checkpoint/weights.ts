import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import type { ParameterRecord } from "./manifest.ts";
import type { Tensor } from "./safetensors-header.ts";

/** Parameters, or something of the same shapes, by parameter name. */
export type NamedArrays = ReadonlyMap<string, HostArray<string, "float32">>;

/** All the numbers that training continues from. */
export interface Weights {
  readonly parameters: NamedArrays;
  /** AdamW's running means of the gradient and of its square, for the parameters that train. */
  readonly firstMoments: NamedArrays;
  readonly secondMoments: NamedArrays;
  /** Averages of the parameters that train; `null` where the recipe keeps none. */
  readonly ema: NamedArrays | null;
}

/**
 * The same where moments and averages are asked for one kind after the other, in the order of the fields, when they are written: what was
 * given before may be gone by then, so that all kinds may stand in the same memory.
 */
export interface WeightsInTurn {
  readonly parameters: NamedArrays;
  /** Names of the parameters that train. */
  readonly trained: ReadonlySet<string>;
  readonly firstMoments: () => Promise<NamedArrays>;
  readonly secondMoments: () => Promise<NamedArrays>;
  readonly ema: (() => Promise<NamedArrays>) | null;
}

/** Parameters of which none has moments, and whose cells are read in pieces, one parameter after the other. */
export interface StreamedParameters {
  readonly forms: ReadonlyMap<string, ParameterShape>;
  /** Bytes of float32, in order. */
  readonly piecesOf: (name: string) => AsyncIterable<Uint8Array>;
}

/** What a parameter must look like. */
export interface ParameterShape {
  readonly axes: string;
  readonly shape: readonly number[];
}

/**
 * Holds the parameters that were found against those that are expected.
 *
 * @throws InputError listing missing and leftover names and other shapes, of each the first four
 */
export function checkParameters(
  where: string,
  found: ReadonlyMap<string, ParameterShape>,
  expected: ReadonlyMap<string, ParameterShape>,
): void {
  const missing = [...expected.keys()].filter((name) => !found.has(name));
  const leftover = [...found.keys()].filter((name) => !expected.has(name));
  const misshapen = [...expected].flatMap(([name, parameter]) => {
    const other = found.get(name);
    return other === undefined || isSameShape(other, parameter)
      ? []
      : [`${name} (expected ${shown(parameter)}, got ${shown(other)})`];
  });
  const lists = { missing, leftover, "of another shape": misshapen };
  const problems = Object.entries(lists).flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${names.length} ${what}: ${listed(names)}`],
  );
  if (problems.length > 0)
    throw new InputError(`${where}: expected the policy's own parameters, got ${problems.join("; ")}`);
}

function listed(names: readonly string[]): string {
  const [shown, more] = [names.slice(0, 4).join(", "), names.length - 4];
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/**
 * Weights that are all in memory, one kind after the other.
 *
 * @throws RangeError if moments or averages are not of the parameters' names and shapes
 */
export function inTurn({ parameters, firstMoments, secondMoments, ema }: Weights): WeightsInTurn {
  const trained = new Set(firstMoments.keys());
  const all = ema === null ? [firstMoments, secondMoments] : [firstMoments, secondMoments, ema];
  for (const arrays of all) expectMomentsOf(parameters, trained, arrays);
  return {
    parameters,
    trained,
    firstMoments: async () => firstMoments,
    secondMoments: async () => secondMoments,
    ema: ema === null ? null : async () => ema,
  };
}

/** @throws RangeError if arrays are not of the names and shapes of the parameters that train */
export function expectMomentsOf(parameters: NamedArrays, trained: ReadonlySet<string>, arrays: NamedArrays): void {
  for (const [name, array] of arrays) {
    const parameter = parameters.get(name);
    if (parameter === undefined || !isSameShape(parameter, array))
      throw new RangeError(
        `writeCheckpoint: expected moments and averages of parameters, got "${name}" ${shown(array)}`,
      );
  }
  if (arrays.size !== trained.size || [...trained].some((name) => !arrays.has(name)))
    throw new RangeError("writeCheckpoint: expected both moments, and averages, of the same parameters");
}

/** The manifest's record of parameters, sorted by name. */
export function recordForms(
  forms: ReadonlyMap<string, ParameterShape>,
  trained: ReadonlySet<string>,
): Record<string, ParameterRecord> {
  const sorted = [...forms].sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, { axes, shape }]) => [name, { axes, shape: [...shape], trains: trained.has(name) }]),
  );
}

/** What the moments of a parameter are called in the one file of both. */
export const momentPrefixes = { first: "first.", second: "second." } as const;

/**
 * The tensors of a file that begin with a prefix, as arrays with the axes that the manifest records.
 *
 * @throws InputError where a tensor is missing, leftover, of another type or another shape
 */
export function withAxes(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  prefix: string,
  records: readonly (readonly [string, ParameterShape])[],
): NamedArrays {
  const names = new Set(records.map(([name]) => `${prefix}${name}`));
  const leftover = [...tensors.keys()].filter((name) => name.startsWith(prefix) && !names.has(name));
  if (leftover.length > 0)
    throw new InputError(`${path}: expected the manifest's tensors, got also ${leftover.join(", ")}`);
  return new Map(
    records.map(([name, { axes, shape }]) => {
      const tensor = tensors.get(`${prefix}${name}`);
      if (tensor?.type !== "float32" || !isSameShape({ axes, shape: tensor.shape }, { axes, shape }))
        throw new InputError(
          `${path}: expected tensor "${prefix}${name}" as float32 [${shape.join(", ")}], ` +
            `got ${tensor === undefined ? "none" : `${tensor.type} [${tensor.shape.join(", ")}]`}`,
        );
      return [name, new HostArray(axes, shape, "float32", tensor.cells)];
    }),
  );
}

function isSameShape(one: ParameterShape, other: ParameterShape): boolean {
  return one.axes === other.axes && one.shape.join() === other.shape.join();
}

function shown({ axes, shape }: ParameterShape): string {
  return `"${axes}" [${shape.join(", ")}]`;
}
