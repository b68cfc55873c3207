import type { Dataset, Feature } from "../../dataset/dataset.ts";
import { actionFeatures, featureWidth, isNumeric, stateFeatures } from "../../dataset/feature.ts";
import type { Dof, Entry } from "../../embodiment/embodiment.ts";
import type { Column, Mapping } from "../../embodiment/mapping.ts";
import { aloha, droid, libero } from "../../embodiment/robot.ts";
import { InputError } from "../../input-error.ts";
import { controlModeOf } from "./control-mode.ts";
import { followsState, pairByName, type Recorded } from "./delta-pair.ts";
import { entriesOf } from "./entry.ts";
import type { Rows } from "./look.ts";
import type { Note } from "./note.ts";
import { declaredParts, partWidth, type SuggestedParts, type VectorPart } from "./slice.ts";
import { guessUnits, type UnitGuess, withUnits } from "./unit.ts";

/** A mapping all of whose columns and entries are spelled out; cameras are matched across datasets. */
export interface SpelledMapping extends Mapping {
  readonly action: NonNullable<Mapping["action"]>;
  readonly state: NonNullable<Mapping["state"]>;
  readonly dofs: readonly Dof[];
  readonly states: readonly Entry[];
}

/** A mapping, and what was guessed of it; paths of notes begin at the mapping. */
export interface SuggestedMapping {
  readonly mapping: SpelledMapping;
  readonly notes: readonly Note[];
}

/**
 * How a dataset is read, as far as its names and numbers tell.
 *
 * @throws InputError where it has no column of actions, or the first episode's rows cannot be read
 */
export async function suggestMapping(dataset: Dataset, rows: Rows): Promise<SuggestedMapping> {
  const prompt = promptFor(dataset, rows);
  const ready = readyMapping(dataset);
  if (ready !== null) {
    const known: Note = {
      path: "controlMode",
      text: `the ready mapping of ${ready.robotType}, whose columns these are`,
    };
    return { mapping: { ...ready, ...prompt.mapping }, notes: [known, ...prompt.notes] };
  }
  const [{ parts: action, notes: ofAction }, { parts: state, notes: ofState }] = [
    actionParts(dataset),
    stateParts(dataset),
  ];
  const [entries, states] = [entriesOf(action), entriesOf(state)];
  const { mode: controlMode, because } = controlModeOf(`${dataset.name} ${dataset.robotType}`, entries);
  const pairs = await checkedPairs(dataset, rows, { action, state, dofs: pairByName(entries, states) });
  const units =
    controlMode === "joint" ? await unitsFor(dataset, rows, { action, state, dofs: pairs.dofs, states }) : null;
  const unitNotes = units === null ? [] : [{ path: "dofs", text: `units: ${units.because}` }];
  const notes: Note[] = [
    { path: "controlMode", text: because },
    ...ofAction,
    ...ofState,
    ...pairs.notes,
    ...unitNotes,
    ...prompt.notes,
  ];
  if (state.length === 0) notes.push({ path: "state", text: "no column of a state by its usual names" });
  const mapping: SpelledMapping = {
    robotType: null,
    controlMode,
    action: action.map(columnOf),
    state: state.map(columnOf),
    cameras: {},
    ...prompt.mapping,
    dofs: units === null ? pairs.dofs : withUnits(pairs.dofs, units),
    states: units === null ? states : withUnits(states, units),
    target: "actions",
  };
  return { mapping, notes };
}

/** The columns of numbers that a dataset's mapping reads. @throws InputError where there is none of actions */
export function vectorKeys(dataset: Dataset): string[] {
  const ready = readyMapping(dataset);
  if (ready !== null) return [...ready.action, ...ready.state].map(({ key }) => key);
  return [...actionParts(dataset).parts, ...stateParts(dataset).parts].map(({ feature }) => feature.key);
}

/** The mapping that the program brings for a robot, where the dataset is called after it and has its columns. */
function readyMapping(dataset: Dataset): SpelledMapping | null {
  const called = `${dataset.name} ${dataset.robotType}`.toLowerCase();
  for (const { robotType, action, state, dofs, states, ...rest } of [aloha, droid, libero]) {
    if (robotType === null || action === null || state === null || dofs === null || states === null) continue;
    const width = (columns: readonly { readonly key: string }[]) =>
      columns.reduce((sum, { key }) => sum + widthOf(dataset, key), 0);
    const fits = width(action) === dofs.length && width(state) === states.length;
    if (called.includes(robotType) && fits) return { robotType, action, state, dofs, states, ...rest };
  }
  return null;
}

/** Not a number where the dataset has no such column of numbers. */
function widthOf({ features }: Dataset, key: string): number {
  const feature = features.get(key);
  return feature !== undefined && isNumeric(feature) ? featureWidth(feature) : Number.NaN;
}

function columnOf({ feature: { key }, slice }: VectorPart): Column {
  if (slice === null) return { key, entries: "all" };
  return { key, entries: Array.from({ length: slice.end - slice.start }, (_, at) => slice.start + at) };
}

/** @throws InputError where there is none */
function actionParts(dataset: Dataset): SuggestedParts {
  const declared = declaredParts(dataset, "action");
  if (declared !== null) return declared;
  const columns = wholeOrParts(actionFeatures(dataset), ["action", "actions"]);
  if (columns.length > 0) return wholeColumns(dataset, "action", columns);
  const known = [...dataset.features.values()].filter(isNumeric).map(({ key }) => key);
  throw new InputError(
    `dataset "${dataset.name}": expected a column "action", "actions" or "action.…", got ${known.join(", ") || "none of numbers"}; ` +
      "write a recipe by hand whose mapping names it (docs/your-data.md)",
  );
}

function stateParts(dataset: Dataset): SuggestedParts {
  const columns = wholeOrParts(stateFeatures(dataset), ["observation.state", "state"]);
  return declaredParts(dataset, "state") ?? wholeColumns(dataset, "state", columns);
}

function wholeColumns(dataset: Dataset, vector: "action" | "state", columns: readonly Feature[]): SuggestedParts {
  const parts = columns.map((feature) => ({ feature, slice: null }));
  if (dataset.modality[vector].length === 0) return { parts, notes: [] };
  return {
    parts,
    notes: [{ path: vector, text: "whole: modality.json names parts that its columns do not hold, or twice" }],
  };
}

/** The column with the whole vector where there is one, else all of its parts. */
function wholeOrParts(features: readonly Feature[], whole: readonly string[]): Feature[] {
  const found = whole.map((key) => features.find((feature) => feature.key === key)).find((one) => one !== undefined);
  return found === undefined ? [...features] : [found];
}

interface Pairing {
  readonly action: readonly VectorPart[];
  readonly state: readonly VectorPart[];
  readonly dofs: readonly Dof[];
}

/** Pairs of dofs and state entries, taken apart where the numbers of an episode say that they are none. */
async function checkedPairs(
  dataset: Dataset,
  { episodes: [first] }: Rows,
  { action, state, dofs }: Pairing,
): Promise<{ readonly dofs: readonly Dof[]; readonly notes: readonly Note[] }> {
  const paired = dofs.filter((dof) => dof.state !== null);
  if (paired.length === 0 || first === undefined) return { dofs, notes: [] };
  const [actions, states] = [await recorded(dataset, first.index, action), await recorded(dataset, first.index, state)];
  if (followsState(dofs, actions, states)) return { dofs, notes: [] };
  const text = "names pair dofs with state entries, but the numbers do not follow each other: no delta is taken";
  return { dofs: dofs.map((dof) => ({ ...dof, state: null })), notes: [{ path: "dofs", text }] };
}

/** One guess for both vectors: a delta is taken of one unit. */
async function unitsFor(
  dataset: Dataset,
  { episodes: [first] }: Rows,
  { action, state, dofs, states }: Pairing & { readonly states: readonly Entry[] },
): Promise<UnitGuess | null> {
  if (first === undefined) return null;
  const numbers = [...(await recorded(dataset, first.index, action)), ...(await recorded(dataset, first.index, state))];
  return guessUnits(dataset.robotType, [...dofs, ...states], numbers);
}

async function recorded(dataset: Dataset, episode: number, parts: readonly VectorPart[]): Promise<Recorded> {
  const table = await dataset.table(episode);
  return parts.flatMap((part) => {
    const { cells } = table.vector(part.feature.key);
    const width = featureWidth(part.feature);
    const start = part.slice?.start ?? 0;
    return Array.from({ length: partWidth(part) }, (_, entry) =>
      Array.from({ length: table.length }, (_, frame) => cells[frame * width + start + entry]!),
    );
  });
}

function promptFor({ name, taskColumn }: Dataset, { instructions }: Rows) {
  if (instructions.length > 0) return { mapping: { prompt: { kind: "task" } } as const, notes: [] };
  const text =
    name
      .split(/[^\p{L}\p{N}]+/u)
      .join(" ")
      .trim() || "act";
  const where = taskColumn === null ? "the dataset has no instructions" : `its column "${taskColumn}" is empty`;
  const note: Note = { path: "prompt", text: `${where}: the name of the folder stands in; say what the robot does` };
  return { mapping: { prompt: { kind: "fixed", text } } as const, notes: [note] };
}
