import { expect } from "vitest";
import { type Arguments, type Signature, variationsOf } from "../../src/audit/array-law.ts";
import { leaksOf, type Output, type Outputs } from "../../src/audit/law.ts";
import { input, type SymbolicArray } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { gradient } from "../../src/graph/gradient.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { sumAny } from "../../src/graph/op/align.ts";
import type { AnyArray } from "../../src/graph/operation.ts";
import { stream } from "../../src/graph/random.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";

/** A function with padded arguments, and what it promises of them. */
export interface Subject {
  readonly given: Arguments;
  readonly signature: Signature;
  run(given: Arguments): Promise<Outputs>;
}

/** Why a function has no laws: none of its arguments can hold padding. */
export interface NoLaws {
  readonly because: string;
}

/** What is padded, says what is real, or says what teaches: by the fields of `Padded`, `Validity` and `SymbolicSupervised`. */
type Padding = { readonly valid: unknown } | { readonly isReal: unknown } | { readonly teaches: unknown };

/** Arguments that are padding, or have it among their own fields. */
type PaddingIn<Argument> = Extract<Argument | (Argument extends object ? Argument[keyof Argument] : never), Padding>;

/** What is due of a function: one with padding among its arguments has to keep the laws. */
type DueOf<Called> = Called extends (...given: infer Given extends readonly unknown[]) => unknown
  ? [PaddingIn<Given[number]>] extends [never]
    ? Subject | NoLaws
    : Subject
  : never;

/**
 * An entry for every function that a module exports: one that is missing, or left over, does not compile.
 *
 * Nor does a reason in place of laws where an argument is padded.
 */
export type LawsOf<Module> = {
  readonly [Name in keyof Module as Module[Name] extends (...given: never[]) => unknown ? Name : never]: DueOf<
    Module[Name]
  >;
};

/** Fails with the first law that a subject breaks. */
export async function expectLaws({ given, signature, run }: Subject): Promise<void> {
  const expected = await run(given);
  expect(expected.size).toBeGreaterThan(0);
  for (const [name, { cells: found }] of expected) expect([name, found.every(Number.isFinite)]).toEqual([name, true]);
  for (const variation of variationsOf(given, signature)) {
    const leaks = await leaksOf(run, expected, variation);
    expect({ law: variation.law, variation: variation.name, leaks }).toEqual({
      law: variation.law,
      variation: variation.name,
      leaks: [],
    });
  }
}

/** Names of the laws that a subject breaks. */
export async function brokenLaws({ given, signature, run }: Subject): Promise<string[]> {
  const expected = await run(given);
  const broken: string[] = [];
  for (const variation of variationsOf(given, signature))
    if ((await leaksOf(run, expected, variation)).length > 0) broken.push(variation.law);
  return [...new Set(broken)];
}

type Sizes = Readonly<Record<string, readonly [axes: string, shape: readonly number[]]>>;

/** Arguments of normal numbers, and masks in which every third cell or so is not real. */
export function argumentsOf(
  values: Sizes,
  masks: Readonly<Record<string, readonly [axes: string, shape: readonly number[], bits: readonly number[]]>>,
): Arguments {
  return {
    values: new Map(
      Object.entries(values).map(([name, [axes, shape]]) => {
        const numbers = new Float32Array(cells(shape));
        stream(1, "laws", name).fillNormal(numbers, 0, 0, 0);
        return [name, new HostArray(axes, shape, "float32", numbers)];
      }),
    ),
    masks: new Map(
      Object.entries(masks).map(([name, [axes, shape, bits]]) => [
        name,
        new HostArray(axes, shape, "bool", Uint8Array.from(bits)),
      ]),
    ),
  };
}

/** Arguments as inputs of a program. */
export interface Inputs {
  value<A extends string>(name: string, axes: A): SymbolicArray<A>;
  mask<A extends string>(name: string, axes: A): SymbolicArray<A, "bool">;
}

/** What a graph computes of its arguments. */
export interface Traced {
  readonly outputs: Readonly<Record<string, SymbolicArray<string>>>;
  /** Of these outputs' sums, gradients by these arguments or parameters are outputs as well. */
  readonly by: Readonly<Record<string, SymbolicArray<string>>>;
}

/** Runs a graph that is traced for the sizes of its arguments. */
export function graphOf(trace: (inputs: Inputs) => Traced, fixed: ReadonlyMap<string, HostArray<string, "float32">>) {
  return async ({ values, masks }: Arguments): Promise<Outputs> => {
    const { outputs, by } = trace({
      value: (name, axes) => input(name, axes, values.get(name)!.shape, "float32"),
      mask: (name, axes) => input(name, axes, masks.get(name)!.shape, "bool"),
    });
    const total = Object.values(outputs).map((output) => sumAny(output, ""));
    const slopes = total.flatMap((one, at) =>
      gradient(one, Object.values(by)).map((slope, of): [string, AnyArray] => [
        `${Object.keys(outputs)[at]} by ${Object.keys(by)[of]}`,
        slope,
      ]),
    );
    const all: Record<string, AnyArray> = { ...outputs, ...Object.fromEntries(slopes) };
    const found = await evaluate(all, {
      feeds: new Map<string, HostArray<string, "float32" | "bool">>([...values, ...masks]),
      threads: 1,
      fixed,
    });
    return new Map(
      Object.entries(found).map(([name, numbers]): [string, Output] => [
        name,
        new HostArray(all[name]!.axes, all[name]!.shape, "float64", numbers),
      ]),
    );
  };
}
