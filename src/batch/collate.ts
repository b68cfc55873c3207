import { HostArray, zeros } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { onHost } from "../validity/join.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import type { Batch, Facts, Provenance } from "./batch.ts";
import { eachColumn, eachFact } from "./each.ts";
import type { Example } from "./example.ts";
import { type AxesOf, type FactName, type FieldName, fieldOf, fields, readableSlots, type TypeOf } from "./fields.ts";
import { type BatchLayout, shapeIn } from "./layout.ts";

/**
 * One micro-batch of examples: the only maker of padding, hence of the batch's validity.
 *
 * Observation slots are padded before (the last is now), everything else behind; rows past the examples are fillers.
 *
 * @throws InputError if there are more examples than rows, a robot is wider, or a sample longer, than the layout
 */
export function collate(layout: BatchLayout, examples: readonly Example[]): Batch {
  const problems = examples.flatMap((example) => misfits(layout, example));
  if (examples.length > layout.rows)
    problems.push(`collate: expected at most ${layout.rows} examples, got ${examples.length}`);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  const facts = collateFacts(layout, examples);
  const conditions = { ...facts, readable: readableSlots(onHost, facts) };
  const { images, state, prompt, response, metadata, subgoals, embodiment, actions, actionTokens } = fields;
  const pictureReal = images.real(onHost, conditions);
  return {
    images: Padded.of(pixels(layout, examples, pictureReal), pictureReal),
    state: Padded.of(states(layout, examples, conditions.readable), state.real(onHost, conditions)),
    prompt: Padded.of(prompts(layout, examples), prompt.real(onHost, conditions)),
    response: Padded.of(responses(layout, examples), response.real(onHost, conditions)),
    metadata: Padded.of(knownOf(layout, examples), metadata.real(onHost, conditions)),
    subgoals: Padded.of(goals(layout, examples), subgoals.real(onHost, conditions)),
    embodiment: Padded.of(embodiments(layout, examples), embodiment.real(onHost, conditions)),
    actions: Padded.of(targets(layout, examples), actions.real(onHost, conditions)),
    actionTokens: Padded.of(saidActions(layout, examples), actionTokens.real(onHost, conditions)),
    facts,
    provenance: provenance(layout, examples),
    ownDof: ownDofs(layout, examples),
  };
}

type Marks = (example: Example, mark: (at: number) => void) => unknown;

function collateFacts(layout: BatchLayout, examples: readonly Example[]): Facts {
  const marks = marksIn(layout);
  return eachFact<"host">((name, axes) => marked(axes, shapeIn(layout, axes), examples, marks[name]));
}

/** For each fact, what marks the real cells of an example, by their place in its row. */
function marksIn(layout: BatchLayout): Readonly<Record<FactName, Marks>> {
  const newest = ({ state }: Example) => layout.observations - state.valid.shape[0]!;
  return {
    stepReal: ({ stepReal }, mark) => eachReal(stepReal, mark),
    dofReal: ({ dofSlots }, mark) => dofSlots.map(mark),
    stateReal: ({ stateSlots }, mark) => stateSlots.map(mark),
    targetReal: ({ targetReal }, mark) => targetReal && mark(0),
    historyReal: (example, mark) => eachReal(example.state.valid, (slot) => mark(newest(example) + slot)),
    historyKept: ({ historyKept }, mark) => historyKept && mark(0),
    viewReal: (example, mark) => eachReal(example.viewReal, (at) => mark(placeOfView(layout, example, at))),
    tokenReal: ({ tokens }, mark) => eachIndex(tokens.length, mark),
    responseReal: ({ response }, mark) => eachIndex(response.length, mark),
    metadataReal: ({ metadata }, mark) => eachIndex(metadata.length, mark),
    subgoalReal: ({ subgoals }, mark) => subgoals.map((picture, view) => picture !== null && mark(view)),
    actionTokenReal: ({ actionTokens }, mark) => eachIndex(actionTokens.length, mark),
    rowReal: (_, mark) => mark(0),
  };
}

/** A validity by rows whose real cells are those that `marks` marks. */
function marked<A extends string>(
  axes: A,
  shape: readonly number[],
  examples: readonly Example[],
  marks: Marks,
): Validity<A> {
  const perRow = shape.slice(1).reduce((product, size) => product * size, 1);
  const found = new Uint8Array(shape[0]! * perRow);
  for (const [row, example] of examples.entries())
    marks(example, (at) => {
      found[row * perRow + at] = 1;
    });
  return Validity.of(axes, shape, found);
}

function eachReal(valid: { readonly bits: Uint8Array }, see: (at: number) => void): void {
  for (const [at, bit] of valid.bits.entries()) if (bit === 1) see(at);
}

function eachIndex(count: number, see: (at: number) => void): void {
  for (let at = 0; at < count; at++) see(at);
}

/** The place of cell `at` of the example's `[o v]` in the layout's. */
function placeOfView({ observations, views }: BatchLayout, { viewReal }: Example, at: number): number {
  const [slots = 0, own = 0] = viewReal.shape;
  return (observations - slots + Math.floor(at / own)) * views + (at % own);
}

function pixels(layout: BatchLayout, examples: readonly Example[], pictureReal: Validity<"b o v">) {
  const { observations, views, pictureSize } = layout;
  const out = blank(layout, "images");
  const share = pictureSize * pictureSize * 3;
  for (const [row, example] of examples.entries())
    for (const [at, picture] of example.pictures.entries()) {
      const place = row * observations * views + placeOfView(layout, example, at);
      if (!pictureReal.isReal(place)) continue;
      if (picture === null)
        throw new RangeError(`${example.name}: expected picture ${at} of [o v], which is real, got none`);
      out.cells.set(picture.cells, place * share);
    }
  return out;
}

function states(layout: BatchLayout, examples: readonly Example[], readable: Validity<"b o">) {
  const { observations, stateWidth } = layout;
  const out = blank(layout, "state");
  for (const [row, { state, stateSlots }] of examples.entries())
    state.read(({ cells }, valid) => {
      const slots = valid.shape[0]!;
      for (let slot = 0; slot < slots; slot++) {
        const place = row * observations + observations - slots + slot;
        if (!readable.isReal(place)) continue;
        for (const [own, entry] of stateSlots.entries())
          out.cells[place * stateWidth + entry] = cells[slot * stateSlots.length + own]!;
      }
    });
  return out;
}

function targets(layout: BatchLayout, examples: readonly Example[]) {
  const { steps, actionWidth } = layout;
  const out = blank(layout, "actions");
  for (const [row, { actions, dofSlots, targetReal }] of examples.entries())
    actions.read(({ cells }, valid) => {
      if (!targetReal) return;
      eachReal(valid, (step) => {
        const from = (row * steps + step) * actionWidth;
        for (const [dof, place] of dofSlots.entries()) out.cells[from + place] = cells[step * dofSlots.length + dof]!;
      });
    });
  return out;
}

function prompts(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "prompt");
  for (const [row, { tokens }] of examples.entries()) out.cells.set(tokens, row * layout.tokens);
  return out;
}

function responses(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "response");
  const { responseTokens = 0 } = layout;
  for (const [row, { response }] of examples.entries()) out.cells.set(response, row * responseTokens);
  return out;
}

function knownOf(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "metadata");
  const { metadataTokens = 0 } = layout;
  for (const [row, { metadata }] of examples.entries()) out.cells.set(metadata, row * metadataTokens);
  return out;
}

function goals(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "subgoals");
  const { subgoals: views = 0, pictureSize } = layout;
  for (const [row, { subgoals }] of examples.entries())
    for (const [view, picture] of subgoals.entries())
      if (picture !== null) out.cells.set(picture.cells, (row * views + view) * pictureSize * pictureSize * 3);
  return out;
}

function saidActions(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "actionTokens");
  for (const [row, { actionTokens, targetReal }] of examples.entries())
    if (targetReal) out.cells.set(actionTokens, row * layout.actionTokens);
  return out;
}

function embodiments(layout: BatchLayout, examples: readonly Example[]) {
  const out = blank(layout, "embodiment");
  for (const [row, { embodiment }] of examples.entries()) out.cells[row] = embodiment;
  return out;
}

/** A field of which nothing is written yet. */
function blank<K extends FieldName>(layout: BatchLayout, name: K): HostArray<AxesOf<K>, TypeOf<K>> {
  const { axes, type, unreal } = fieldOf[name];
  const out = zeros(axes, shapeIn(layout, axes), type);
  if (unreal !== 0) out.cells.fill(unreal);
  return out;
}

function ownDofs({ rows, actionWidth }: BatchLayout, examples: readonly Example[]) {
  const out = new Int32Array(rows * actionWidth).fill(-1);
  for (const [row, { dofSlots }] of examples.entries())
    for (const [dof, place] of dofSlots.entries()) out[row * actionWidth + place] = dof;
  return new HostArray("b d", [rows, actionWidth], "int32", out);
}

function provenance({ rows }: BatchLayout, examples: readonly Example[]): Provenance {
  return eachColumn((name) => {
    const out = new Int32Array(rows).fill(-1);
    for (const [row, { provenance }] of examples.entries()) out[row] = provenance[name];
    return out;
  });
}

/** What of an example does not fit the layout: the policy was made for narrower robots or shorter samples. */
function misfits(layout: BatchLayout, example: Example): string[] {
  const { pictureSize } = layout;
  const wrongSize = [...example.pictures, ...example.subgoals].find(
    (picture) => picture !== null && picture.cells.length !== pictureSize ** 2 * 3,
  );
  // What there is, how many, for how many there is room, and the key of a recipe that says so.
  const limits: readonly [string, number, number, string][] = [
    ["action slots", 1 + Math.max(-1, ...example.dofSlots), layout.actionWidth, "actionWidth"],
    ["state slots", 1 + Math.max(-1, ...example.stateSlots), layout.stateWidth, "stateWidth"],
    ["steps", example.stepReal.shape[0]!, layout.steps, "actionHorizon"],
    ["observation slots", example.state.valid.shape[0]!, layout.observations, "history.slots"],
    ["views", example.viewReal.shape[1]!, layout.views, "views"],
    ["tokens", example.tokens.length, layout.tokens, "promptTokens"],
    ["response tokens", example.response.length, layout.responseTokens ?? 0, "responseTokens"],
    ["action tokens", example.actionTokens.length, layout.actionTokens, "actionTokens.most"],
    ["tokens of metadata", example.metadata.length, layout.metadataTokens ?? 0, "metadataTokens"],
    ["pictures of subgoals", example.subgoals.length, layout.subgoals ?? 0, "views"],
  ];
  const tooLarge = limits.filter(([, size, limit]) => size > limit);
  return [
    ...tooLarge.map(
      ([what, size, limit, key]) =>
        `${example.name}: expected at most ${limit} ${what}, for which the policy has room, got ${size}; raise policy.${key}`,
    ),
    ...(wrongSize
      ? [`${example.name}: expected pictures ${pictureSize} pixels square, got [${wrongSize.shape.join(" ")}]`]
      : []),
  ];
}
