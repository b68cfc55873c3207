import { InputError } from "../../input-error.ts";
import { zero } from "../../nn/parameter.ts";
import type { TrunkSize } from "../../policy/size.ts";
import { type ForeignNames, foreignTensors, type NameRow } from "../import/names.ts";

/** A tensor of another project's file: from one of our parameters, or of zeros, where no result depends on it. */
export interface ExportedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: { readonly kind: "parameter"; readonly name: string } | { readonly kind: "zeros" };
}

/** The backbone of a policy whose tensors are written. */
export interface ExportedTrunk {
  /** Where the backbone stands among our parameters. */
  readonly path: string;
  readonly size: TrunkSize;
  /** Shapes of tensors that its class has and never calls. */
  readonly uncalled: ReadonlyMap<string, readonly number[]>;
}

/**
 * Every tensor that another project's class asks for: those that we have, both names of a tied pair, and, of the backbone's last layer,
 * what only goes on to a next one, which no policy here has.
 *
 * @param forms our parameters
 * @throws InputError where a tensor that has to be made up has no known shape
 */
export function exportedTensors(
  names: ForeignNames,
  forms: ReadonlyMap<string, { readonly axes: string; readonly shape: readonly number[] }>,
  trunk: ExportedTrunk,
): ExportedTensor[] {
  const own = foreignTensors(
    names,
    [...forms].map(([name, { axes, shape }]) => ({ name, axes, shape, initial: zero })),
  );
  const written = own.map(({ name, shape, parameter }): ExportedTensor => {
    return { name, shape, from: { kind: "parameter", name: parameter } };
  });
  const there = new Set(own.map(({ name }) => name));
  const tied = own.flatMap(({ name, shape, parameter }): ExportedTensor[] => {
    const other = names.tied.get(name);
    return other === undefined || there.has(other)
      ? []
      : [{ name: other, shape, from: { kind: "parameter", name: parameter } }];
  });
  const missing = lastLayer(names.rows, trunk).filter(({ name }) => !there.has(name));
  const uncalled = [...trunk.uncalled].map(([name, shape]): ExportedTensor => {
    return { name, shape, from: { kind: "zeros" } };
  });
  return [...written, ...tied, ...missing, ...uncalled];
}

/** The tensors of the backbone's last layer and of its last norm, with zeros in them. */
function lastLayer(rows: readonly NameRow[], { path, size }: ExportedTrunk): ExportedTensor[] {
  const known: Readonly<Record<string, number>> = {
    a: size.heads,
    g: size.keyHeads,
    f: size.headWidth,
    e: size.width,
    m: size.mlp,
  };
  return rows.flatMap(([ours, theirs, groups]) => {
    if (!ours.startsWith(`${path}.layer.*.`) && !ours.startsWith(`${path}.norm.`)) return [];
    const sizes = groups.split(" ").map((group) => [...group].map((letter) => known[letter] ?? 0));
    const shape = sizes.map((group) => group.reduce((product, own) => product * own, 1));
    if (shape.includes(0)) throw new InputError(`export: expected axes of a trunk in "${theirs}", got "${groups}"`);
    return [{ name: theirs.replace("*", String(size.layers - 1)), shape, from: { kind: "zeros" } }];
  });
}
