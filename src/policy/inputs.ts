import { eachFact, type FieldsAs, type ObservedName, observedNames, someFields } from "../batch/each.ts";
import {
  type Conditions,
  type FactAxes,
  type FactName,
  type FactsOn,
  readableSlots,
  realActionCells,
} from "../batch/fields.ts";
import { type BatchLayout, shapeIn } from "../batch/layout.ts";
import { inProgram } from "../validity/join.ts";
import type { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { type PastEnd, repeatsLastAction } from "./head/form.ts";

/** Each fact about a batch, as an input of a program. */
export type SymbolicFacts = FactsOn<"program">;

/** Pictures, 0 to 255: whole numbers as a batch has them, or any, as another project's numbers are checked with. */
export type PictureType = "uint8" | "float32";

export type Pictures = SymbolicPadded<"b o v h w c", PictureType, "b o v">;

/** What a robot perceives, as inputs of a program: fields of the batch under their names. */
export interface Observation extends FieldsAs<Exclude<ObservedName, "images">, "program"> {
  readonly images: Pictures;
  readonly facts: SymbolicFacts;
  /** Slots that may be read, see `readableSlots`. */
  readonly readable: SymbolicValidity<"b o">;
}

/** Facts that a program makes by itself, or that are known when it is written. */
export type KnownFacts = { readonly [K in FactName]?: SymbolicValidity<FactAxes<K>> };

/**
 * The program inputs that carry one observation per row; names are those of the batch's fields.
 *
 * @param known facts that are no inputs
 */
export function observationInputs(
  layout: BatchLayout,
  rules: Rules,
  pictures: PictureType,
  known: KnownFacts = {},
): Observation {
  const facts = eachFact<"program">(
    (name, axes) => known[name] ?? SymbolicValidity.input(name, axes, shapeIn(layout, axes)),
  );
  const readable = readableSlots(inProgram, facts);
  const conditions = { ...facts, readable };
  const ofState = conditionsOfState(conditions, rules);
  const observed = someFields<ObservedName, "program">(observedNames, (name, { axes, type, real }) =>
    SymbolicPadded.input(
      name,
      { axes, shape: shapeIn(layout, axes), type },
      real(inProgram, name === "state" ? ofState : conditions),
    ),
  );
  return { ...observed, images: picturesOf(observed.images, pictures), facts, readable };
}

function picturesOf(images: SymbolicPadded<"b o v h w c", "uint8", "b o v">, type: PictureType): Pictures {
  if (type === "uint8") return images;
  return images.read(({ axes, shape }, valid) => SymbolicPadded.input("images", { axes, shape, type }, valid));
}

/** What the state's cells hang on; of each rule that is broken, nothing. */
function conditionsOfState(conditions: Conditions<"program">, rules: Rules): Conditions<"program"> {
  const complete = <A extends string>({ isReal: { axes, shape } }: SymbolicValidity<A>) =>
    SymbolicValidity.complete(axes, shape);
  const { readable, stateReal } = conditions;
  return {
    ...conditions,
    readable: rules.keeps("history-state") ? readable : complete(readable),
    stateReal: rules.keeps("state-dims") ? stateReal : complete(stateReal),
  };
}

/** The action cells that exist, or that a copy of the last action fills. */
export function actionCells(
  { rows: b, steps: t }: BatchLayout,
  facts: SymbolicFacts,
  pastEnd: PastEnd,
): SymbolicValidity<"b t d"> {
  const stepReal = repeatsLastAction(pastEnd) ? SymbolicValidity.complete("b t", [b, t]) : facts.stepReal;
  return realActionCells(inProgram, { ...facts, stepReal });
}
