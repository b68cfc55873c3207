import { HostArray, zeros } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { type Batch, type Facts, observationReal, type Provenance } from "./batch.ts";
import type { Example } from "./example.ts";
import type { BatchLayout } from "./layout.ts";

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
  const { stepReal, dofReal, stateReal, targetReal, tokenReal, viewReal } = facts;
  const readable = observationReal(facts);
  const pictureReal = Validity.every("b o v", [viewReal, readable]);
  return {
    images: Padded.of(pixels(layout, examples, pictureReal), pictureReal),
    state: Padded.of(states(layout, examples, readable), Validity.every("b o s", [readable, stateReal])),
    prompt: Padded.of(prompts(layout, examples), tokenReal),
    actions: Padded.of(actions(layout, examples), Validity.every("b t d", [stepReal, dofReal, targetReal])),
    facts,
    provenance: provenance(layout, examples),
    embodiment: embodiments(layout, examples),
    ownDof: ownDofs(layout, examples),
  };
}

function collateFacts(layout: BatchLayout, examples: readonly Example[]): Facts {
  const { rows, steps, actionWidth, stateWidth, observations, views, tokens } = layout;
  const newest = ({ state }: Example) => observations - state.valid.shape[0]!;
  return {
    stepReal: bits("b t", [rows, steps], examples, ({ stepReal }, mark) => eachReal(stepReal, mark)),
    dofReal: bits("b d", [rows, actionWidth], examples, ({ dofSlots }, mark) => dofSlots.map(mark)),
    stateReal: bits("b s", [rows, stateWidth], examples, ({ stateSlots }, mark) => stateSlots.map(mark)),
    targetReal: bits("b", [rows], examples, ({ targetReal }, mark) => targetReal && mark(0)),
    historyReal: bits("b o", [rows, observations], examples, (example, mark) =>
      eachReal(example.state.valid, (slot) => mark(newest(example) + slot)),
    ),
    historyKept: bits("b", [rows], examples, ({ historyKept }, mark) => historyKept && mark(0)),
    viewReal: bits("b o v", [rows, observations, views], examples, (example, mark) =>
      eachReal(example.viewReal, (at) => mark(placeOfView(layout, example, at))),
    ),
    tokenReal: bits("b n", [rows, tokens], examples, (example, mark) => eachIndex(example.tokens.length, mark)),
    rowReal: bits("b", [rows], examples, (_, mark) => mark(0)),
  };
}

/** A validity by rows whose real cells are those that `visit` marks, by their place in the row. */
function bits<const A extends string>(
  axes: A,
  shape: readonly number[],
  examples: readonly Example[],
  visit: (example: Example, mark: (at: number) => void) => unknown,
): Validity<A> {
  const perRow = shape.slice(1).reduce((product, size) => product * size, 1);
  const found = new Uint8Array(shape[0]! * perRow);
  for (const [row, example] of examples.entries())
    visit(example, (at) => {
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
  const { rows, observations, views, pictureSize } = layout;
  const out = zeros("b o v h w c", [rows, observations, views, pictureSize, pictureSize, 3], "uint8");
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
  const { rows, observations, stateWidth } = layout;
  const out = zeros("b o s", [rows, observations, stateWidth], "float32");
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

function actions({ rows, steps, actionWidth }: BatchLayout, examples: readonly Example[]) {
  const out = zeros("b t d", [rows, steps, actionWidth], "float32");
  for (const [row, { actions: own, dofSlots, targetReal }] of examples.entries())
    own.read(({ cells }, valid) => {
      if (!targetReal) return;
      eachReal(valid, (step) => {
        const from = (row * steps + step) * actionWidth;
        for (const [dof, place] of dofSlots.entries()) out.cells[from + place] = cells[step * dofSlots.length + dof]!;
      });
    });
  return out;
}

function prompts({ rows, tokens }: BatchLayout, examples: readonly Example[]) {
  const out = zeros("b n", [rows, tokens], "int32");
  for (const [row, example] of examples.entries()) out.cells.set(example.tokens, row * tokens);
  return out;
}

function ownDofs({ rows, actionWidth }: BatchLayout, examples: readonly Example[]) {
  const out = new Int32Array(rows * actionWidth).fill(-1);
  for (const [row, { dofSlots }] of examples.entries())
    for (const [dof, place] of dofSlots.entries()) out[row * actionWidth + place] = dof;
  return new HostArray("b d", [rows, actionWidth], "int32", out);
}

function embodiments({ rows }: BatchLayout, examples: readonly Example[]) {
  const out = new Int32Array(rows).fill(-1);
  for (const [row, { embodiment }] of examples.entries()) out[row] = embodiment;
  return new HostArray("b", [rows], "int32", out);
}

function provenance({ rows }: BatchLayout, examples: readonly Example[]): Provenance {
  const column = (key: keyof Provenance) => {
    const out = new Int32Array(rows).fill(-1);
    for (const [row, example] of examples.entries()) out[row] = example.provenance[key];
    return out;
  };
  return {
    dataset: column("dataset"),
    controlMode: column("controlMode"),
    episode: column("episode"),
    frame: column("frame"),
    draw: column("draw"),
  };
}

/** What of an example does not fit the layout: the policy was made for narrower robots or shorter samples. */
function misfits(layout: BatchLayout, example: Example): string[] {
  const { pictureSize } = layout;
  const odd = example.pictures.find((picture) => picture !== null && picture.cells.length !== pictureSize ** 2 * 3);
  const limits: readonly [string, number, number][] = [
    ["action slots", 1 + Math.max(-1, ...example.dofSlots), layout.actionWidth],
    ["state slots", 1 + Math.max(-1, ...example.stateSlots), layout.stateWidth],
    ["steps", example.stepReal.shape[0]!, layout.steps],
    ["observation slots", example.state.valid.shape[0]!, layout.observations],
    ["views", example.viewReal.shape[1]!, layout.views],
    ["tokens", example.tokens.length, layout.tokens],
  ];
  const tooLarge = limits.filter(([, size, limit]) => size > limit);
  return [
    ...tooLarge.map(([what, size, limit]) => `${example.name}: the policy has ${limit} ${what}, this needs ${size}`),
    ...(odd ? [`${example.name}: expected pictures ${pictureSize} pixels square, got [${odd.shape.join(" ")}]`] : []),
  ];
}
