import type { DataType, HostArray } from "../../src/graph/host-array.ts";
import { bits, floats, integers } from "../../src/graph/testing/evaluate.ts";
import { actionTokenInputs } from "../../src/objective/action-tokens.ts";
import { tokensName } from "../../src/objective/token-error.ts";
import { teachesInput, weightsInput } from "../../src/objective/traced.ts";

/** Words that are given, the same in each sample, and what each sample's actions are said in behind them. */
export interface SaidActions {
  readonly given: readonly number[];
  /** Of all samples, of equal length. */
  readonly tokens: readonly number[];
  readonly real: readonly (readonly number[])[];
}

/** What a batch has of action tokens, whose error is the mean over all of them, pads as well, as OpenTau divides. */
export function saidActions({ given, tokens, real }: SaidActions): [string, HostArray<string, DataType>][] {
  const b = real.length;
  const m = given.length + tokens.length / b;
  const none = given.map(() => 0);
  const actions = behind(none, tokens, b);
  const { next, teaches } = following(actions, behind(none, real.flat(), b));
  const exists = behind(
    given.map(() => 1),
    real.flat(),
    b,
  );
  const isAction = tokens.map(() => 1);
  const words = tokens.map(() => 0);
  const weights = real.map(() => 1 / tokens.length);
  return [
    ["actionTokenReal", bits("b m", [b, m], exists)],
    [actionTokenInputs.words, integers("b n", [b, m], behind(given, words, b))],
    [actionTokenInputs.actions, integers("b n", [b, m], actions)],
    [actionTokenInputs.isAction, bits("b n", [b, m], behind(none, isAction, b))],
    [actionTokenInputs.next, integers("b n", [b, m], next)],
    [teachesInput(tokensName), bits("b n", [b, m], teaches)],
    [weightsInput(tokensName), floats("float32", "b", [b], weights)],
  ];
}

/** What each row's cells are, behind some that are the same in every row. */
export function behind(first: readonly number[], rest: readonly number[], rows: number): number[] {
  const length = rest.length / rows;
  return Array.from({ length: rows }, (_, row) => [...first, ...rest.slice(row * length, (row + 1) * length)]).flat();
}

/** What follows each token of some, and whether that teaches. */
export function following(tokens: readonly number[], real: readonly number[]) {
  const shifted = (values: readonly number[]) => values.map((_, at) => values[at + 1] ?? 0);
  const teaches = shifted(real).map((bit, at) => (tokens[at + 1] === undefined ? 0 : bit));
  return { next: shifted(tokens), teaches };
}

/** Some columns of each row's cells. */
export function columns(values: Float64Array, rows: number, from: number, to: number): number[] {
  const length = values.length / rows;
  return Array.from({ length: rows }, (_, row) => [...values.slice(row * length + from, row * length + to)]).flat();
}
