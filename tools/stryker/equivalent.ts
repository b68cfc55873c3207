import type { Mutant } from "./ledger.ts";

/** Mutants that change nothing anyone could observe, with the reason: they count for nothing. */
export interface Equivalent {
  readonly path: string;
  /** The line of the code, without the spaces around it; the reason no longer holds where it is another. */
  readonly code: string;
  /** What is replaced, as far as it stands on that line, and by what. */
  readonly before: string;
  readonly after: string;
  readonly reason: string;
}

const outOfBounds = "the cell past the end of a typed array is written nowhere";
const placed = "where weights stand changes how long a step takes and the last bits, which the test of both allows for";
const copiedWhole = "a column that is asked for whole is copied instead of handed on: the same numbers";
const beforeFirst = "the cell before the first of a list is no cell of it, and is read nowhere";
const pairWithNothing =
  "pairs with nothing are all one key, which is no number, and are taken off as often as they are added";
const foundAnew = "a character that is looked for again is the same";
const openedAgain =
  "where no episode is left out, the same ones are opened once more: it takes longer, and all that comes out is the same";
const noFrame = "a frame past the last has no number and is apart from none, and the last is not apart from itself";
const unread = "a weight that no parameter of the program is named for goes no further";

export const equivalents: readonly Equivalent[] = [
  {
    path: "src/codec/byte-pair.ts",
    code: "if (at > 0) ranks[at - 1] = this.#rankOf(parts[at - 1]!, parts[at]);",
    before: "at > 0",
    after: "true",
    reason: beforeFirst,
  },
  {
    path: "src/codec/byte-pair.ts",
    code: "if (at > 0) ranks[at - 1] = this.#rankOf(parts[at - 1]!, parts[at]);",
    before: "at > 0",
    after: "at >= 0",
    reason: beforeFirst,
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "if (count > most || (count === most && key < best)) [best, most] = [key, count];",
    before: "key < best",
    after: "key <= best",
    reason: "each pair is met once, and none is the one before it",
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "this.#places.delete(key);",
    before: "this.#places.delete(key);",
    after: ";",
    reason: "a pair that is merged occurs nowhere again: its places are forgotten to have their memory back",
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "for (let at = 0; at < parts.length; at++) {",
    before: "at < parts.length",
    after: "at <= parts.length",
    reason: "what stands behind the last part is in no pair",
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "if (before !== undefined) this.#move(pairKey(before, one), pairKey(before, token), count, place);",
    before: "before !== undefined",
    after: "true",
    reason: pairWithNothing,
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "if (after !== undefined) this.#move(pairKey(other, after), pairKey(token, after), count, place);",
    before: "after !== undefined",
    after: "true",
    reason: pairWithNothing,
  },
  {
    path: "src/codec/byte-pair-fit.ts",
    code: "const out: number[] = [];",
    before: "[]",
    after: '["Stryker was here"]',
    reason: "a part in front that is no number is in no pair",
  },
  {
    path: "src/codec/fast.ts",
    code: "if (known !== undefined) return known;",
    before: "known !== undefined",
    after: "false",
    reason: foundAnew,
  },
  {
    path: "src/codec/fast.ts",
    code: "this.#nearest.set(within, found);",
    before: "this.#nearest.set(within, found);",
    after: ";",
    reason: foundAnew,
  },
  {
    path: "src/codec/fast-file.ts",
    code: "if (!(error instanceof RangeError)) throw error;",
    before: "!(error instanceof RangeError)",
    after: "false",
    reason: "a tokenizer that is made of a form throws nothing else",
  },
  {
    path: "src/flow/noise.ts",
    code: "for (let at = 0; at < out.length; at++) {",
    before: "at < out.length",
    after: "at <= out.length",
    reason: outOfBounds,
  },
  {
    path: "src/flow/time.ts",
    code: "for (let at = 0; at < times.cells.length; at++)",
    before: "at < times.cells.length",
    after: "at <= times.cells.length",
    reason: outOfBounds,
  },
  {
    path: "src/flow/time.ts",
    code: "for (let at = 0; at < times.cells.length; at++) {",
    before: "at < times.cells.length",
    after: "at <= times.cells.length",
    reason: outOfBounds,
  },
  {
    path: "src/metric/action-error.ts",
    code: "for (let dof = 0; dof < dofs; dof++) {",
    before: "dof < dofs",
    after: "dof <= dofs",
    reason: outOfBounds,
  },
  {
    path: "src/metric/group.ts",
    code: "if (value === null) return sum;",
    before: "value === null",
    after: "false",
    reason: "a term without data has a sum and a count of 0, whose mean is null: null times a weight adds 0",
  },
  {
    path: "src/metric/group.ts",
    code: "return sum + term.weight * new Mean(mean.sum - value * mean.count, all.count).value!;",
    before: "sum + term.weight * new Mean(mean.sum - value * mean.count, all.count).value!",
    after: "sum - term.weight * new Mean(mean.sum - value * mean.count, all.count).value!",
    reason: "every deviation has the other sign, and only their squares are read",
  },
  {
    path: "src/optimizer/packed-layout.ts",
    code: ".sort((one, other) => (one.name < other.name ? -1 : 1))",
    before: "one.name < other.name",
    after: "one.name <= other.name",
    reason: "no two parameters have one name",
  },
  {
    path: "src/batch/cut.ts",
    code: "for (let step = 0; step < steps; step++)",
    before: "step < steps",
    after: "step <= steps",
    reason: outOfBounds,
  },
  {
    path: "src/batch/history.ts",
    code: 'if (purpose === "validation" || layout.observations === 1) return true;',
    before: "layout.observations === 1",
    after: "false",
    reason: "without history there is none to drop: the fact is read beside slots of history alone",
  },
  {
    path: "src/batch/history.ts",
    code: "return chance.uniform(0, draw.draw, draw.frame, draw.episode) >= reading.historyDropout;",
    before: "chance.uniform(0, draw.draw, draw.frame, draw.episode) >= reading.historyDropout",
    after: "chance.uniform(0, draw.draw, draw.frame, draw.episode) > reading.historyDropout",
    reason: "they differ where the number drawn is the rate itself, once in 2³² draws",
  },
  {
    path: "src/batch/loader.ts",
    code: "return this.#makers.reduce((best, maker) => (maker.underWay < best.underWay ? maker : best));",
    before: "maker.underWay < best.underWay",
    after: "maker.underWay >= best.underWay",
    reason: "which worker makes a batch changes when it is there, not what it holds",
  },
  {
    path: "src/batch/loader.ts",
    code: "close: async () => (await opening.catch(() => null))?.close(),",
    before: "() => null",
    after: "() => undefined",
    reason: "the optional call after it takes both for nothing",
  },
  {
    path: "src/batch/observation.ts",
    code: "cameras.map(({ view, key }) => (key === null ? null : (observation?.pictures[view] ?? null))),",
    before: "key === null",
    after: "false",
    reason: "a picture of a view that the robot has no camera for has been refused above",
  },
  {
    path: "src/embodiment/augment.ts",
    code: "for (let c = at; c < at + 3; c++) out[c] = clip(cells[c]! * brightness);",
    before: "c < at + 3",
    after: "c <= at + 3",
    reason: "the next pixel's first channel is written once more, with what it is given anyway",
  },
  {
    path: "src/embodiment/augment.ts",
    code: "for (let at = 0; at < out.length; at += 3) {",
    before: "at < out.length",
    after: "at <= out.length",
    reason: outOfBounds,
  },
  {
    path: "src/embodiment/augment.ts",
    code: "for (let y = 0, at = 0; y < height; y++) {",
    before: "y < height",
    after: "y <= height",
    reason: outOfBounds,
  },
  {
    path: "src/embodiment/augment.ts",
    code: "for (let c = 0; c < 3; c++) out[at + c] = Math.floor(color[c]! + 0.5);",
    before: "c < 3",
    after: "c <= 3",
    reason: "the next pixel's first channel is written over by that pixel; past the last pixel there is no cell",
  },
  {
    path: "src/embodiment/augment.ts",
    code: "for (let c = 0; c < 3; c++) out[c]! += weight * pixels[from + c]!;",
    before: "c < 3",
    after: "c <= 3",
    reason: outOfBounds,
  },
  {
    path: "src/embodiment/normalize.ts",
    code: "for (let at = 0; at < values.cells.length; at++) {",
    before: "at < values.cells.length",
    after: "at <= values.cells.length",
    reason: outOfBounds,
  },
  {
    path: "src/embodiment/picture.ts",
    code: "const scaled = longer === size ? picture : resize(picture, fitted(height), fitted(width));",
    before: "longer === size",
    after: "false",
    reason: "a picture that is resized to its own size has each pixel with weight 1 and its neighbours with 0",
  },
  {
    path: "src/embodiment/picture.ts",
    code: "for (let y = 0, at = 0; y < height; y++)",
    before: "y < height",
    after: "y <= height",
    reason: outOfBounds,
  },
  {
    path: "src/embodiment/picture.ts",
    code: "to: (at) => Math.min(own, Math.ceil((at + 1) * scale)),",
    before: "Math.min(own, Math.ceil((at + 1) * scale))",
    after: "Math.max(own, Math.ceil((at + 1) * scale))",
    reason: "pixels past the area have weight 0",
  },
  {
    path: "src/embodiment/picture.ts",
    code: "for (let k = 0; k < counts[at]!; k++) total += reach.weight(from[at]! + k, at);",
    before: "total += reach.weight(from[at]! + k, at)",
    after: "total -= reach.weight(from[at]! + k, at)",
    reason: "weights of rows and of columns change their sign, and each pixel is a product of the two",
  },
  {
    path: "src/mixture/idle.ts",
    code: "while (moved < length && !isAway(moved, 0)) moved++;",
    before: "moved < length",
    after: "moved <= length",
    reason: noFrame,
  },
  {
    path: "src/mixture/idle.ts",
    code: "let moving = length - 2;",
    before: "length - 2",
    after: "length + 2",
    reason: noFrame,
  },
  {
    path: "src/mixture/idle.ts",
    code: "while (moving >= 0 && !isAway(moving, length - 1)) moving--;",
    before: "moving >= 0",
    after: "moving > 0",
    reason:
      "a motion that came to nothing ends at moved + keep - 1, which is keep or more: frame 0 and the one before it give the same",
  },
  {
    path: "src/mixture/mixture.ts",
    code: "if (left.episodes.length > 0) {",
    before: "left.episodes.length > 0",
    after: "left.episodes.length >= 0",
    reason: openedAgain,
  },
  {
    path: "src/mixture/mixture.ts",
    code: "if (left.episodes.length > 0) {",
    before: "left.episodes.length > 0",
    after: "true",
    reason: openedAgain,
  },
  {
    path: "src/mixture/sampler.ts",
    code: "return Number(floorSum(count, BigInt(offset)) + count - below);",
    before: "floorSum(count, BigInt(offset)) + count",
    after: "floorSum(count, BigInt(offset)) - count",
    reason: "two counts are subtracted, and both lack twice the number of points",
  },
  {
    path: "src/objective/answer-rows.ts",
    code: "for (let row = 0; row < rows; row++) {",
    before: "row < rows",
    after: "row <= rows",
    reason: "a row past the end has no tokens and no dofs, so that nothing of it is written",
  },
  {
    path: "src/objective/answer-rows.ts",
    code: "if (slots.length === 0) continue;",
    before: "slots.length === 0",
    after: "false",
    reason: "no answer is a chunk of a robot without dofs, and there is no slot to write to",
  },
  {
    path: "src/objective/answer-rows.ts",
    code: "if (error instanceof RangeError) return null;",
    before: "error instanceof RangeError",
    after: "true",
    reason: "reading an answer throws nothing else",
  },
  {
    path: "src/objective/sample.ts",
    code: 'const [fixed, fed] = placement === "written" ? [read, new Map()] : [new Map(), read];',
    before: 'placement === "written"',
    after: "true",
    reason: placed,
  },
  {
    path: "src/objective/sample.ts",
    code: 'const [fixed, fed] = placement === "written" ? [read, new Map()] : [new Map(), read];',
    before: 'placement === "written"',
    after: "false",
    reason: placed,
  },
  {
    path: "src/objective/sample.ts",
    code: 'const [fixed, fed] = placement === "written" ? [read, new Map()] : [new Map(), read];',
    before: 'placement === "written"',
    after: 'placement !== "written"',
    reason: placed,
  },
  {
    path: "src/objective/sample.ts",
    code: "const read = new Map([...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name)));",
    before: "[...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name))",
    after: "[...weights]",
    reason: unread,
  },
  {
    path: "src/objective/sample.ts",
    code: "const read = new Map([...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name)));",
    before: "parameter.name === name",
    after: "true",
    reason: unread,
  },
  {
    path: "src/objective/sample.ts",
    code: "const read = new Map([...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name)));",
    before: "parameter.name === name",
    after: "parameter.name !== name",
    reason: unread,
  },
  {
    path: "src/objective/target.ts",
    code: "this.#made.set(key, made);",
    before: "this.#made.set(key, made);",
    after: ";",
    reason: "a stream that is made anew gives the same numbers",
  },
  {
    path: "src/embodiment/window.ts",
    code: "if (columns.length === 1 && isWhole(first!.entries, first!.column.shape[1]!)) return first!.column;",
    before: "columns.length === 1 && isWhole(first!.entries, first!.column.shape[1]!)",
    after: "false",
    reason: copiedWhole,
  },
  {
    path: "src/embodiment/window.ts",
    code: "function isWhole(entries: readonly number[], size: number): boolean {",
    before: "{",
    after: "{}",
    reason: copiedWhole,
  },
  {
    path: "src/embodiment/window.ts",
    code: "return entries.length === size && entries.every((entry, at) => entry === at);",
    before: "entries.length === size && entries.every((entry, at) => entry === at)",
    after: "false",
    reason: copiedWhole,
  },
  {
    path: "src/embodiment/window.ts",
    code: "return entries.length === size && entries.every((entry, at) => entry === at);",
    before: "(entry, at) => entry === at",
    after: "() => undefined",
    reason: copiedWhole,
  },
  {
    path: "src/embodiment/window.ts",
    code: "return entries.length === size && entries.every((entry, at) => entry === at);",
    before: "entry === at",
    after: "false",
    reason: copiedWhole,
  },
  {
    path: "src/embodiment/window.ts",
    code: "for (let frame = 0; frame < table.length; frame++) out[frame * size + place] = column.cells[frame * own + entry]!;",
    before: "frame < table.length",
    after: "frame <= table.length",
    reason: outOfBounds,
  },
  {
    path: "src/serving/history.ts",
    code: "while (this.#start + 2 <= oldest) {",
    before: "this.#start + 2 <= oldest",
    after: "false",
    reason: "frames that no slot reads any more are kept: more memory, the same numbers",
  },
  {
    path: "src/training/event-log.ts",
    code: "fsyncSync(this.#file);",
    before: "fsyncSync(this.#file);",
    after: ";",
    reason: "what it keeps a power cut from losing is read back all the same where there is none",
  },
  {
    path: "src/serving/observer.ts",
    code: "everySteps: plan.recipe.rollout?.everySteps ?? 0,",
    before: "plan.recipe.rollout?.everySteps",
    after: "plan.recipe.rollout.everySteps",
    reason: "the observer is opened only where the recipe has rollouts",
  },
];

/** The entry for a mutant; `undefined` where it is none of them. */
export function equivalentOf(mutant: Mutant): Equivalent | undefined {
  return equivalents.find(
    ({ path, code, before, after }) =>
      path === mutant.path && code === mutant.code && before === mutant.before && after === mutant.after,
  );
}
