import type { Within } from "../graph/axes.ts";
import type { Joining, Side, ValidityOn } from "../validity/join.ts";
import type { Padded, PaddedForm } from "../validity/padded.ts";

/**
 * What exists, fact by fact, and the axes of each. None is folded into another; in a filler row none of them holds.
 *
 * This table, `fields` and `columnNames` say what a batch holds. Its types, the border between workers, inputs of programs and what
 * feeds them, poison and rearranging follow from them: a new row lacks only what `collate` writes, and of a fact the kind of padding.
 */
export const factAxes = {
  /** The step lies inside the episode. */
  stepReal: "b t",
  /** The robot has a degree of freedom in this slot. */
  dofReal: "b d",
  /** The robot has a state entry in this slot. */
  stateReal: "b s",
  /** The sample has a robot target at all. */
  targetReal: "b",
  /** The slot lies inside the episode; the last (now) always does. */
  historyReal: "b o",
  /** History was not dropped for this sample. */
  historyKept: "b",
  /** The camera exists for this sample. */
  viewReal: "b o v",
  /** The token is no filler. */
  tokenReal: "b n",
  /** The token is one of those of the sample's response. */
  responseReal: "b r",
  /** The token is one of those that say what is known of the sample's episode. */
  metadataReal: "b z",
  /** The sample has a picture of what is to be reached, as this view will show it. */
  subgoalReal: "b x",
  /** The token is one of those that say the sample's actions. */
  actionTokenReal: "b m",
  /** The row is no filler. */
  rowReal: "b",
} as const;

export type FactName = keyof typeof factAxes;
export type FactAxes<K extends FactName> = (typeof factAxes)[K];

/** The facts of a batch on the host, or as inputs of a program. */
export type FactsOn<S extends Side> = { readonly [K in keyof typeof factAxes]: ValidityOn<FactAxes<K>>[S] };

/** What the cells of arrays hang on: the facts, and the slots that may be read. */
export type Conditions<S extends Side> = FactsOn<S> & { readonly readable: ValidityOn<"b o">[S] };

/**
 * Slots whose observation may be read: now, and history that lies in the episode and was not dropped; none in a filler row.
 *
 * The only place where the two facts meet (OpenTau#253, #468: one mask that meant both blanked the current frame).
 */
export function readableSlots<S extends Side>(
  validity: Joining<S>,
  { historyReal, historyKept, rowReal }: Pick<FactsOn<S>, "historyReal" | "historyKept" | "rowReal">,
): ValidityOn<"b o">[S] {
  const now = validity.last("o", historyReal);
  const history = validity.every("b o", [historyReal, historyKept]);
  return validity.every("b o", [validity.some("b o", [history, now]), rowReal]);
}

/** Action cells that exist: `stepReal × dofReal` of rows that have a target. */
export function realActionCells<S extends Side>(
  validity: Joining<S>,
  { stepReal, dofReal, targetReal }: Pick<FactsOn<S>, "stepReal" | "dofReal" | "targetReal">,
): ValidityOn<"b t d">[S] {
  return validity.every("b t d", [stepReal, dofReal, targetReal]);
}

/** One padded array of a batch. */
interface Field<A extends string, D extends "float32" | "int32" | "uint8", V extends string>
  extends PaddedForm<A, D, V> {
  /** Which cells exist. */
  readonly real: <S extends Side>(validity: Joining<S>, conditions: Conditions<S>) => ValidityOn<V>[S];
  /** What `collate` leaves in cells that do not. */
  readonly unreal: 0 | -1;
  /** Which poison takes their place. */
  readonly poison: "number" | "pixel" | "token";
}

/** A row of the table. Axes of validity that are not within those of the values do not compile. */
export function field<A extends string, D extends "float32" | "int32" | "uint8", V extends string>(
  row: Field<A, D, V> & { readonly realBy: Within<V, A> },
): Field<A, D, V> {
  return row;
}

/** The padded arrays of a batch: axes, type, and what makes a cell real. */
export const fields = {
  /** 0 to 255. Real by slot and view: the camera exists, the slot lies in the episode, and it is now or was not dropped. */
  images: field({
    axes: "b o v h w c",
    type: "uint8",
    realBy: "b o v",
    real: (validity, { viewReal, readable }) => validity.every("b o v", [viewReal, readable]),
    unreal: 0,
    poison: "pixel",
  }),
  /** In unit scale. */
  state: field({
    axes: "b o s",
    type: "float32",
    realBy: "b o s",
    real: (validity, { readable, stateReal }) => validity.every("b o s", [readable, stateReal]),
    unreal: 0,
    poison: "number",
  }),
  prompt: field({
    axes: "b n",
    type: "int32",
    realBy: "b n",
    real: (_, { tokenReal }) => tokenReal,
    unreal: 0,
    poison: "token",
  }),
  /** A text behind the prompt; of a sample without one, nothing. */
  response: field({
    axes: "b r",
    type: "int32",
    realBy: "b r",
    real: (_, { responseReal }) => responseReal,
    unreal: 0,
    poison: "token",
  }),
  /** What is known of the episode beside its instruction; of a sample of which nothing is, nothing. */
  metadata: field({
    axes: "b z",
    type: "int32",
    realBy: "b z",
    real: (_, { metadataReal }) => metadataReal,
    unreal: 0,
    poison: "token",
  }),
  /** 0 to 255: what is to be reached, by view. */
  subgoals: field({
    axes: "b x h w c",
    type: "uint8",
    realBy: "b x",
    real: (_, { subgoalReal }) => subgoalReal,
    unreal: 0,
    poison: "pixel",
  }),
  /** Which of the mixture's robots a row is of, see `Example`: a head may have a set of weights for each. */
  embodiment: field({
    axes: "b",
    type: "int32",
    realBy: "b",
    real: (_, { rowReal }) => rowReal,
    unreal: -1,
    poison: "token",
  }),
  /** In unit scale. */
  actions: field({
    axes: "b t d",
    type: "float32",
    realBy: "b t d",
    real: realActionCells,
    unreal: 0,
    poison: "number",
  }),
  /** What a policy that says its actions is taught to say; of a sample without a target, nothing. */
  actionTokens: field({
    axes: "b m",
    type: "int32",
    realBy: "b m",
    real: (validity, { actionTokenReal, targetReal }) => validity.every("b m", [actionTokenReal, targetReal]),
    unreal: 0,
    poison: "token",
  }),
};

type Fields = typeof fields;
export type FieldName = keyof Fields;

export type AxesOf<K extends FieldName> = Fields[K]["axes"];
export type TypeOf<K extends FieldName> = Fields[K]["type"];
export type RealBy<K extends FieldName> = Fields[K]["realBy"];

/** The row of a field that is known by a variable name. */
export type FieldOf<K extends FieldName> = Field<AxesOf<K>, TypeOf<K>, RealBy<K>>;
export const fieldOf: { readonly [K in FieldName]: FieldOf<K> } = fields;

/** The padded arrays of a batch, on the host. */
export type PaddedFields = { readonly [K in keyof Fields]: Padded<AxesOf<K>, TypeOf<K>, RealBy<K>> };

/** Columns of provenance: where a row comes from, and how often the sample has been drawn before (`draw`). */
export const columnNames = ["dataset", "controlMode", "episode", "frame", "draw"] as const;

export type ColumnName = (typeof columnNames)[number];
