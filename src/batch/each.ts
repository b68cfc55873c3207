import type { ValidityOn } from "../validity/join.ts";
import type { EncodedPadded, Padded } from "../validity/padded.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import type { EncodedValidity } from "../validity/validity.ts";
import {
  type AxesOf,
  type ColumnName,
  columnNames,
  type FactAxes,
  type FactName,
  type FieldName,
  type FieldOf,
  factAxes,
  fieldOf,
  type RealBy,
  type TypeOf,
} from "./fields.ts";
import { namesOf, recordOf } from "./record.ts";

/** What a fact is: on the host, in a program, between workers. */
interface FactAs<A extends string> extends ValidityOn<A> {
  readonly encoded: EncodedValidity;
}
type FactForm = keyof FactAs<string>;
type FactsAs<N extends FactName, F extends FactForm> = { readonly [K in N]: FactAs<FactAxes<K>>[F] };

/** What a field is: on the host, in a program, between workers, and as a byte for each cell that can be real. */
interface FieldAs<K extends FieldName> {
  readonly host: Padded<AxesOf<K>, TypeOf<K>, RealBy<K>>;
  readonly program: SymbolicPadded<AxesOf<K>, TypeOf<K>, RealBy<K>>;
  readonly encoded: EncodedPadded;
  readonly bytes: Uint8Array;
}
type FieldForm = keyof FieldAs<FieldName>;
export type FieldsAs<N extends FieldName, F extends FieldForm> = { readonly [K in N]: FieldAs<K>[F] };

export const factNames = namesOf(factAxes);
export const fieldNames = namesOf(fieldOf);
/** What a robot perceives: all but what it is taught. */
export const observedNames = fieldNames.filter((name) => name !== "actions" && name !== "actionTokens");
export type ObservedName = (typeof observedNames)[number];

/** Every fact of a batch, made one by one: in the form `host`, `program` or `encoded`. */
export function eachFact<F extends FactForm>(
  make: <K extends FactName>(name: K, axes: FactAxes<K>) => FactAs<FactAxes<K>>[F],
): FactsAs<FactName, F> {
  return someFacts<FactName, F>(factNames, make);
}

function someFacts<N extends FactName, F extends FactForm>(
  names: readonly N[],
  make: <K extends N>(name: K, axes: FactAxes<K>) => FactAs<FactAxes<K>>[F],
): FactsAs<N, F> {
  return recordOf<FactsAs<N, F>>(names, (name) => make(name, factAxes[name]));
}

/** Every field of a batch, made one by one: in the form `host`, `program`, `encoded` or `bytes`. */
export function eachField<F extends FieldForm>(
  make: <K extends FieldName>(name: K, field: FieldOf<K>) => FieldAs<K>[F],
): FieldsAs<FieldName, F> {
  return someFields<FieldName, F>(fieldNames, make);
}

/** Some of the fields. */
export function someFields<N extends FieldName, F extends FieldForm>(
  names: readonly N[],
  make: <K extends N>(name: K, field: FieldOf<K>) => FieldAs<K>[F],
): FieldsAs<N, F> {
  return recordOf<FieldsAs<N, F>>(names, (name) => make(name, fieldOf[name]));
}

/** Every column of provenance. */
export function eachColumn(make: (name: ColumnName) => Int32Array): Readonly<Record<ColumnName, Int32Array>> {
  return recordOf<Readonly<Record<ColumnName, Int32Array>>>(columnNames, make);
}
