import { cells as cellsOf, letters } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import { initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";
import type { Part } from "../policy/head/form.ts";

/** Whose slots weights are for: those of a checkpoint, or of a recipe that begins with it. */
export interface Robots {
  /** What a head with a decoder for each part decodes. */
  readonly parts: readonly Part[];
  /** Names of the robots with weights of their own, in the order of these; "any" where the weights are those of whichever robot comes. */
  readonly embodiments: readonly string[] | "any";
}

/** Weights for a policy of other widths than they were trained for, and what the user should know of them. */
export interface FittedWeights {
  readonly weights: ParameterValues;
  readonly notes: readonly string[];
}

/**
 * Weights of a checkpoint for a robot with more or fewer slots, steps or embodiments, or for more words: rows and columns that both have are
 * taken by slot, step, name and word, what is new begins as a fresh policy's would.
 *
 * Parameters that differ in anything else are left as they are, for `checkParameters` to refuse.
 *
 * @param forms of the policy that they are for
 * @param seed  of the initial weights
 */
export function weightsForRobots(
  values: ParameterValues,
  forms: readonly ParameterForm[],
  { from, to, seed }: { readonly from: Robots; readonly to: Robots; readonly seed: number },
): FittedWeights {
  const notes = new Set<string>();
  const own = forms.flatMap((form): [string, HostArray<string, "float32">][] => {
    const found = values.get(form.name);
    if (found === undefined || found.axes !== form.axes) return [];
    const sources = form.shape.map((size, at) => {
      const axis = axisOf(form, at);
      return axis === null ? null : sourceOf(axis, { was: found.shape[at]!, is: size }, { from, to });
    });
    const isWhole = sources.every((source, at) => source === null || isUnchanged(source, found.shape[at]!));
    const fits = sources.every((source, at) => source !== null || found.shape[at] === form.shape[at]);
    if (isWhole || !fits) return [];
    for (const source of sources) for (const note of source?.notes ?? []) notes.add(note);
    const places = sources.map((source, at) => source?.places ?? [...Array(form.shape[at]).keys()]);
    return [[form.name, taken(found, form, places, seed)]];
  });
  return { weights: new Map([...values, ...own]), notes: [...notes] };
}

/** What the places along an axis of a parameter stand for. */
type Axis =
  | { readonly kind: "action slot" | "state slot" | "step" | "word" | "embodiment" }
  /** Slots of a part, in its order. */
  | { readonly kind: "part"; readonly part: string };

/** Where each place of an axis comes from in the checkpoint; `null` for one that begins anew. */
interface Source {
  readonly places: readonly (number | null)[];
  readonly notes: readonly string[];
}

/** `null` for an axis that follows from the policy's size alone. */
function axisOf({ name, axes }: ParameterForm, at: number): Axis | null {
  const letter = letters(axes)[at];
  if (letter === "d") return { kind: "action slot" };
  if (letter === "s") return { kind: "state slot" };
  if (letter === "u") return { kind: "embodiment" };
  if (letter === "y") return { kind: "word" };
  if (name === "groot.action.position" && at === 0) return { kind: "step" };
  if (name === "groot.action.in.weight" && at === 2) return { kind: "action slot" };
  if (name === "groot.state.in.weight" && at === 2) return { kind: "state slot" };
  const decoder = /^groot\.decoder\.(?:(.+)\.)?out\.(?:weight|bias)$/.exec(name);
  if (decoder === null || at !== 1) return null;
  return decoder[1] === undefined ? { kind: "action slot" } : { kind: "part", part: decoder[1] };
}

function sourceOf(
  axis: Axis,
  { was, is }: { readonly was: number; readonly is: number },
  { from, to }: { readonly from: Robots; readonly to: Robots },
): Source | null {
  switch (axis.kind) {
    case "action slot":
    case "state slot":
    case "step":
      return inOrder(axis.kind, was, is);
    case "word":
      return is < was ? null : inOrder("word", was, is);
    case "part":
      return ofPart(axis.part, from, to);
    case "embodiment":
      return ofEmbodiments(is, from, to);
  }
}

function inOrder(what: string, was: number, is: number): Source {
  const places = Array.from({ length: is }, (_, at) => (at < was ? at : null));
  if (is > was) return { places, notes: [`not in the checkpoint: ${span(what, was, is)}; ${anew}`] };
  return { places, notes: is === was ? [] : [`left in the checkpoint: ${span(what, is, was)}`] };
}

/** "state slots 6 to 9" of those from 6 and below 10, "state slot 6" of one. */
function span(what: string, from: number, end: number): string {
  return end - from === 1 ? `${what} ${from}` : `${what}s ${from} to ${end - 1}`;
}

function ofPart(name: string, from: Robots, to: Robots): Source {
  const slotsOf = ({ parts }: Robots) => parts.find((part) => part.name === name)?.slots ?? [];
  const [was, is] = [slotsOf(from), slotsOf(to)];
  const fresh = is.filter((slot) => !was.includes(slot));
  const gone = was.filter((slot) => !is.includes(slot));
  return {
    places: is.map((slot) => (was.includes(slot) ? was.indexOf(slot) : null)),
    notes: [
      ...(fresh.length === 0 ? [] : [`not in the checkpoint: slots ${fresh.join(", ")} of part "${name}"; ${anew}`]),
      ...(gone.length === 0 ? [] : [`left in the checkpoint: slots ${gone.join(", ")} of part "${name}"`]),
    ],
  };
}

/** Sets of weights beyond the robots that there are belong to none. */
function ofEmbodiments(sets: number, { embodiments: was }: Robots, { embodiments: is }: Robots): Source {
  const names = is === "any" ? [] : is;
  if (was === "any") return { places: Array.from({ length: sets }, () => 0), notes: [] };
  const fresh = names.filter((name) => !was.includes(name));
  const place = (name: string | undefined) => (name === undefined || !was.includes(name) ? null : was.indexOf(name));
  return {
    places: Array.from({ length: sets }, (_, set) => place(names[set])),
    notes: fresh.map((name) => `not in the checkpoint: the robot of "${name}" (it has ${was.join(", ")}); ${anew}`),
  };
}

const anew = "begins as in a fresh policy";

function isUnchanged({ places }: Source, was: number): boolean {
  return places.length === was && places.every((place, at) => place === at);
}

/** The cells of a parameter at some places of each axis, and those of a fresh one where a place is `null`. */
function taken(
  found: HostArray<string, "float32">,
  form: ParameterForm,
  places: readonly (readonly (number | null)[])[],
  seed: number,
): HostArray<string, "float32"> {
  const { cells } = initialValues([form], seed).get(form.name)!;
  for (let cell = 0; cell < cellsOf(form.shape); cell++) {
    let [rest, from, stride] = [cell, 0, 1];
    for (let axis = form.shape.length - 1; axis >= 0; axis--) {
      const place = places[axis]![rest % form.shape[axis]!]!;
      from += place === null ? Number.NaN : place * stride;
      stride *= found.shape[axis]!;
      rest = Math.floor(rest / form.shape[axis]!);
    }
    if (!Number.isNaN(from)) cells[cell] = found.cells[from]!;
  }
  return new HostArray(form.axes, form.shape, "float32", cells);
}
