import { slots } from "../embodiment/embodiment.ts";
import type { Normalization } from "../embodiment/normalize.ts";
import { constant, input, type SymbolicArray } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, multiply, subtract } from "../graph/op/elementwise.ts";
import { gather } from "../graph/op/gather.ts";
import { less, select } from "../graph/op/select.ts";
import { concat, merge, rename, slice, split, transpose } from "../graph/op/shape.ts";
import { type BeforeChunk, chunkInputs } from "../objective/chunking.ts";
import { observedActions, type TracedActions } from "../objective/objective.ts";
import type { Setting } from "../objective/traced.ts";
import { type KnownFacts, type Observation, observationInputs } from "../policy/inputs.ts";
import type { Recipe } from "../recipe/schema.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import type { ServedRobot } from "./robot.ts";

/** Names of the program's inputs and of its output, as whoever runs the file knows them. */
export const robotInputs = {
  state: "state",
  picture: (view: string) => `image.${view}`,
  /** Says whether what stands under a name is there. */
  real: (name: string) => `${name}.real`,
  history: "history",
  prompt: "prompt",
  ...chunkInputs,
  noise: "noise",
  actions: "actions",
} as const;

/** A policy that is to act for one robot. */
export interface RobotProgramChoice {
  /** Of one row. */
  readonly setting: Setting;
  readonly robot: ServedRobot;
  readonly frame: Recipe["data"]["actions"];
}

/**
 * A policy for one robot alone, from what its sensors give to actions in its own order and units: what `LoadedPolicy.act` does around
 * the policy's program is in this one.
 *
 * Inputs: `state` `[1 o s]` and `image.VIEW` `[1 o h w 3]`, with `image.VIEW.real` `[1 o]` and, with history, `history.real` `[1 o]`;
 * `prompt` and `prompt.real` `[1 n]`; `noise` `[1 t d]`; with chunking `before` `[1 t d]`, of the robot's own dofs, and `held` `[1 t]`. Whatever
 * stands where a `.real` is false, or where nothing is held, is read nowhere.
 *
 * @returns `[1 t d]`, of the robot's own dofs
 * @throws RangeError where the policy's objectives make no actions
 */
export function robotProgram({ setting, robot, frame }: RobotProgramChoice): TracedActions {
  const { embodiment, units } = robot;
  const { observations } = setting.layout;
  const width = embodiment.states.length;
  const state = width === 0 ? null : input(robotInputs.state, "b o s", [1, observations, width], "float32");
  const observation = observationOf(setting, robot, state);
  const now = state === null || frame === "absolute" ? null : slice(state, "o", observations - 1, observations);
  const offsets = now === null ? null : stateOffsets(now, robot);
  const before = setting.chunking === undefined ? undefined : chunkBefore(setting, robot, offsets);
  const { parameters, actions } = observedActions(setting, observation, before);
  const own = denormalized(dofsAt(actions, slots(embodiment.dofs)), units.action);
  return { parameters, actions: offsets === null ? own : add(own, alignTo(offsets, own)) };
}

/** What is left of the chunk before, of which the program is given the robot's own actions. @param offsets as `stateOffsets`, of a policy that thinks in deltas */
function chunkBefore(
  { layout: { steps: t, actionWidth } }: Setting,
  { embodiment: { dofs }, units }: ServedRobot,
  offsets: SymbolicArray<"b d"> | null,
): BeforeChunk {
  const given = input(robotInputs.before, "b t d", [1, t, dofs.length], "float32");
  const held = input(robotInputs.held, "b t", [1, t], "float32");
  const isHeld = less(alignTo(constant(zeros("", [], "float32")), held), held);
  const own = select(isHeld, given, 0);
  const unit = inUnitScale(offsets === null ? own : subtract(own, alignTo(offsets, own)), units.action);
  const owned = slots(dofs);
  const places = Array.from({ length: actionWidth }, (_, slot) => Math.max(0, owned.indexOf(slot)));
  return { before: dofsAt(unit, places), held };
}

function observationOf(setting: Setting, robot: ServedRobot, state: SymbolicArray<"b o s"> | null): Observation {
  const { layout, rules, pictures } = setting;
  const inputs = observationInputs(layout, rules, pictures, factsOf(setting, robot));
  const group = new HostArray("b", [1], "int32", Int32Array.of(robot.normalizationGroup));
  const observation = {
    ...inputs,
    state: SymbolicPadded.of(statesOf(setting, robot, state), inputs.state.valid),
    embodiment: SymbolicPadded.of(constant(group), inputs.embodiment.valid),
  };
  const images = picturesOf(setting, robot);
  return images === null ? observation : { ...observation, images: SymbolicPadded.of(images, inputs.images.valid) };
}

/** What of a batch's facts is the robot's own, and what arrives with each observation. */
function factsOf({ layout }: Setting, { embodiment }: ServedRobot): KnownFacts {
  const { observations: o, steps: t, actionWidth: d, stateWidth: s, tokens: n } = layout;
  const always = <A extends string>(axes: A, shape: readonly number[]) => SymbolicValidity.complete(axes, shape);
  const { history, prompt, real } = robotInputs;
  const seen = viewsReal(o, embodiment);
  return {
    stepReal: always("b t", [1, t]),
    dofReal: SymbolicValidity.fixed(Validity.of("b d", [1, d], marked(slots(embodiment.dofs), d))),
    stateReal: SymbolicValidity.fixed(Validity.of("b s", [1, s], marked(slots(embodiment.states), s))),
    targetReal: always("b", [1]),
    rowReal: always("b", [1]),
    historyKept: always("b", [1]),
    historyReal: o === 1 ? always("b o", [1, o]) : SymbolicValidity.input(real(history), "b o", [1, o]),
    tokenReal: SymbolicValidity.input(real(prompt), "b n", [1, n]),
    ...(seen === null ? {} : { viewReal: seen }),
  };
}

function marked(places: readonly number[], width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, at) => (places.includes(at) ? 1 : 0));
}

/** `null` where the policy has no views. */
function viewsReal(o: number, { cameras }: ServedRobot["embodiment"]): SymbolicValidity<"b o v"> | null {
  const each = cameras.map(({ view, key }) =>
    key === null
      ? SymbolicValidity.fixed(Validity.of("b o v", [1, o, 1], new Uint8Array(o)))
      : SymbolicValidity.input(robotInputs.real(robotInputs.picture(view)), "b o", [1, o]).reshaped((bits) =>
          split(bits, "o", "o v", [o, 1]),
        ),
  );
  const [first, ...rest] = each;
  return first?.reshaped((bits) => concat("v", [bits, ...rest.map(({ isReal }) => isReal)])) ?? null;
}

/** `[1 o v h w c]`, black where the robot has no such camera; `null` where the policy has no views. */
function picturesOf({ layout, pictures }: Setting, { embodiment }: ServedRobot) {
  const { observations: o, pictureSize: side } = layout;
  const views = embodiment.cameras.map(({ view, key }) => {
    const shape = [1, o, side, side, 3];
    const one =
      key === null
        ? constant(zeros("b o h w c", shape, pictures))
        : input(robotInputs.picture(view), "b o h w c", shape, pictures);
    return split(one, "o", "o v", [o, 1]);
  });
  return views.length === 0 ? null : concat("v", views);
}

/** `[1 o s]` in unit scale, in the policy's slots; those that the robot does not have repeat an entry, and are not real. */
function statesOf({ layout }: Setting, { embodiment, units }: ServedRobot, state: SymbolicArray<"b o s"> | null) {
  const { observations, stateWidth } = layout;
  const shape = [1, observations, stateWidth];
  if (state === null) return constant(zeros("b o s", shape, "float32"));
  const owned = slots(embodiment.states);
  const own = Array.from({ length: stateWidth }, (_, slot) => Math.max(0, owned.indexOf(slot)));
  return statesAt(normalized(state, units.state), own);
}

/** `[1 o s]` of other entries: each by the number of one that is there. */
function statesAt(states: SymbolicArray<"b o s">, entries: readonly number[]): SymbolicArray<"b o s"> {
  const rows = gather(transpose(states, "s b o"), numbersOf(entries), "n b o");
  return rename(transpose(rows, "b o n"), "n", "s");
}

/** `[1 t d]` of other entries. */
function dofsAt(actions: SymbolicArray<"b t d">, entries: readonly number[]): SymbolicArray<"b t d"> {
  const rows = gather(transpose(actions, "d b t"), numbersOf(entries), "n b t");
  return rename(transpose(rows, "b t n"), "n", "d");
}

function numbersOf(entries: readonly number[]): SymbolicArray<"n", "int32"> {
  return constant(new HostArray("n", [entries.length], "int32", Int32Array.from(entries)));
}

/** As `normalize`. The centre is subtracted in two parts, as float32 may not hold what a large one has behind the point. */
function normalized(states: SymbolicArray<"b o s">, { center, scale }: Normalization): SymbolicArray<"b o s"> {
  const [high, low] = inTwo(center);
  const all = (cells: Float64Array) => alignTo(entries("s", cells), states);
  return multiply(subtract(subtract(states, all(high)), all(low)), all(inverses(scale)));
}

/** The same of actions. */
function inUnitScale(actions: SymbolicArray<"b t d">, { center, scale }: Normalization): SymbolicArray<"b t d"> {
  const [high, low] = inTwo(center);
  const all = (cells: Float64Array) => alignTo(entries("d", cells), actions);
  return multiply(subtract(subtract(actions, all(high)), all(low)), all(inverses(scale)));
}

function inverses(scale: Float64Array): Float64Array {
  return scale.map((one) => (one === 0 ? 0 : 1 / one));
}

/** As `denormalize`. */
function denormalized(actions: SymbolicArray<"b t d">, { center, scale }: Normalization): SymbolicArray<"b t d"> {
  const [high, low] = inTwo(center);
  const all = (cells: Float64Array) => alignTo(entries("d", cells), actions);
  return add(add(multiply(actions, all(scale)), all(low)), all(high));
}

/** Numbers as sums of two that float32 holds. */
function inTwo(numbers: Float64Array): readonly [high: Float64Array, low: Float64Array] {
  const high = Float64Array.from(numbers, Math.fround);
  return [high, numbers.map((own, at) => own - high[at]!)];
}

function entries<L extends "s" | "d">(axis: L, cells: Float64Array): SymbolicArray<L> {
  return constant(new HostArray(axis, [cells.length], "float32", Float32Array.from(cells)));
}

/** As `toAbsolute` adds it and `toDelta` takes it off: the state of now for those dofs that are said relative to it, 0 for others. */
function stateOffsets(now: SymbolicArray<"b o s">, { embodiment }: ServedRobot): SymbolicArray<"b d"> {
  const partners = embodiment.dofs.map(({ state }) => state);
  const bits = Uint8Array.from(partners, (state) => (state === null ? 0 : 1));
  const isRelative = constant(new HostArray("d", [bits.length], "bool", bits));
  const paired = statesAt(
    now,
    partners.map((state) => state ?? 0),
  );
  const offsets = rename(merge(paired, "o s", "s"), "s", "d");
  return select(isRelative, offsets, 0);
}
