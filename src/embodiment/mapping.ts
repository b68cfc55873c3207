import type { Dataset, Feature } from "../dataset/dataset.ts";
import { featureWidth, isNumeric, isPaddingMark, marks } from "../dataset/feature.ts";
import { InputError } from "../input-error.ts";
import {
  type Camera,
  type ColumnPart,
  type Dof,
  type Embodiment,
  type Entry,
  embodimentProblems,
  type MetadataSource,
  type NumberSource,
  type PromptSource,
} from "./embodiment.ts";

/**
 * How a recipe reads a dataset: plain data; `null` means "as the metadata has it".
 *
 * A recipe spreads `asFound` and says what differs: `{ ...asFound, controlMode: "joint" }`.
 */
export interface Mapping {
  readonly robotType: string | null;
  /** No dataset states it: the recipe must. */
  readonly controlMode: string;
  /** Columns that make up the action; `null`: `action`, or else `actions`. */
  readonly action: readonly Column[] | null;
  /** Columns that make up the state; `null`: `observation.state`, or else `state`, or else none. */
  readonly state: readonly Column[] | null;
  /** Key by view of the policy; `null`: by the last part of the key. Views left out are absent. */
  readonly cameras: Readonly<Record<string, string>> | null;
  readonly prompt: PromptSource;
  /** The column of texts, or of indexes into the task table, that a policy which reads responses takes them from; none where it is missing. */
  readonly response?: string | undefined;
  /** What is known of its episodes, for a policy that reads it; nothing where it is missing. */
  readonly metadata?: MetadataSource | undefined;
  /** The action's entries; `null`: named by the metadata, in a leading run of slots. */
  readonly dofs: readonly Dof[] | null;
  /** The state's entries; `null` likewise. */
  readonly states: readonly Entry[] | null;
  readonly target: "actions" | "none";
}

/** A column, whole or in part. */
export interface Column {
  readonly key: string;
  readonly entries: readonly number[] | "all";
}

/** Everything as the metadata has it; the control mode is for the recipe to say. */
export const asFound: Omit<Mapping, "controlMode"> = {
  robotType: null,
  action: null,
  state: null,
  cameras: null,
  prompt: { kind: "task" },
  dofs: null,
  states: null,
  target: "actions",
};

/**
 * The embodiment that a mapping gives a dataset, for a policy with these camera views.
 *
 * A dof named as a state entry is (or, where neither is named, one at the same place of a vector of equal width) may be
 * made relative to it. "gripper", "claw" or "jaw" in a name makes a gripper.
 *
 * @throws InputError with every problem at once: columns or cameras that are not there, entries that do not fit
 */
export function embody(mapping: Mapping, dataset: Dataset, views: readonly string[]): Embodiment {
  const problems: string[] = [];
  const isTarget = mapping.target === "actions";
  const action = isTarget ? columnParts(mapping.action ?? actionColumn(dataset), dataset, problems) : [];
  const state = columnParts(mapping.state ?? stateColumn(dataset), dataset, problems);
  const states = mapping.states ?? entries(state, dataset);
  const embodiment: Embodiment = {
    robotType: mapping.robotType ?? dataset.robotType,
    controlMode: mapping.controlMode,
    dofs: isTarget ? (mapping.dofs ?? withDeltas(entries(action, dataset), states)) : [],
    states,
    cameras: cameras(mapping.cameras, dataset, views, problems),
    columns: {
      action,
      state,
      prompt: mapping.prompt,
      ...responseColumn(mapping, dataset, problems),
      ...metadataOf(mapping, dataset, problems),
    },
    target: mapping.target,
  };
  problems.push(...embodimentProblems(embodiment));
  if (problems.length > 0) throw new InputError(`dataset "${dataset.name}": ${problems.join("; ")}`);
  return embodiment;
}

/** Nothing where no response is mapped. */
function responseColumn({ response }: Mapping, { features }: Dataset, problems: string[]): { response?: string } {
  if (response === undefined) return {};
  const feature = features.get(response);
  const isIndex = feature !== undefined && /^u?int/.test(feature.type) && featureWidth(feature) === 1;
  if (feature?.type !== "string" && !isIndex) {
    const known = [...features.values()].filter(({ type }) => type === "string").map(({ key }) => key);
    problems.push(
      `response: expected a column of texts, or of indexes into the task table, got "${response}"; texts are in ${known.join(", ") || "none"}`,
    );
  }
  return { response };
}

function metadataOf({ metadata }: Mapping, dataset: Dataset, problems: string[]) {
  if (metadata === undefined) return {};
  for (const source of [metadata.speed, metadata.quality, metadata.mistake])
    if (source !== undefined) problems.push(...sourceProblems(source, dataset));
  return { metadata };
}

function sourceProblems(source: NumberSource, { features, episodeKeys }: Dataset): string[] {
  if (typeof source !== "string") {
    if (episodeKeys.includes(source.episode)) return [];
    const known = episodeKeys.join(", ") || "none";
    return [`metadata: expected "${source.episode}" among the numbers of episodes, got ${known}; name another`];
  }
  const feature = features.get(source);
  if (feature !== undefined && isNumeric(feature) && featureWidth(feature) === 1) return [];
  return [`metadata: expected "${source}" to be a column of one number a row; name another in the mapping`];
}

function actionColumn(dataset: Dataset): readonly Column[] {
  return [{ key: dataset.features.has("action") ? "action" : "actions", entries: "all" }];
}

function stateColumn(dataset: Dataset): readonly Column[] {
  const key = ["observation.state", "state"].find((name) => dataset.features.has(name));
  return key === undefined ? [] : [{ key, entries: "all" }];
}

function columnParts(columns: readonly Column[], dataset: Dataset, problems: string[]): ColumnPart[] {
  return columns.flatMap(({ key, entries: chosen }) => {
    const feature = dataset.features.get(key);
    if (feature === undefined || !isNumeric(feature)) {
      const known = [...dataset.features.values()].filter(isNumeric).map((found) => found.key);
      problems.push(`expected a numeric column "${key}", got ${known.join(", ") || "none"}; name it in the mapping`);
      return [];
    }
    const size = featureWidth(feature);
    const outside = chosen === "all" ? [] : chosen.filter((at) => !Number.isInteger(at) || at < 0 || at >= size);
    if (outside.length > 0) problems.push(`column "${key}" has ${size} entries, the mapping asks for ${outside}`);
    if (chosen === "all") problems.push(...chunkProblems(feature, dataset));
    return [{ key, entries: chosen === "all" ? [...Array(size).keys()] : chosen }];
  });
}

/** Why a column taken whole would be several vectors a row, as one dof each. */
function chunkProblems(feature: Feature, dataset: Dataset): string[] {
  const { key, shape } = feature;
  const size = featureWidth(feature);
  const sizes = shape.filter((axis) => axis > 1);
  const mark = [...dataset.features.values()].find((other) => isPaddingMark(other) && marks(other, feature));
  const steps = sizes.length > 1 ? sizes[0]! : mark === undefined ? 1 : featureWidth(mark);
  if (steps === 1 || size % steps !== 0) return [];
  const what = sizes.length > 1 ? `${shape.join(" × ")} numbers` : `${size} numbers, and "${mark!.key}" ${steps}`;
  return [
    `column "${key}": expected one vector a row, got ${what}: a chunk of ${steps} steps a row, whose steps would be dofs; ` +
      `name the entries of one step in the mapping, 0 to ${size / steps - 1} for the first`,
  ];
}

function entries(parts: readonly ColumnPart[], dataset: Dataset): Entry[] {
  const names = parts.flatMap(({ key, entries: chosen }) => {
    const feature = dataset.features.get(key)!;
    const own = feature.names?.length === featureWidth(feature) ? feature.names : null;
    return chosen.map((at) => own?.[at] ?? `${key}.${at}`);
  });
  return names.map((name, slot) => {
    const isGripper = /gripper|claw|jaw/i.test(name);
    return {
      name,
      unit: "unknown",
      part: isGripper ? "gripper" : "body",
      kind: isGripper ? "gripper" : "continuous",
      slot,
    };
  });
}

function withDeltas(found: readonly Entry[], states: readonly Entry[]): Dof[] {
  const areUnnamed = [...found, ...states].every((entry) => /\.\d+$/.test(entry.name));
  return found.map((entry, at) => {
    const byName = states.findIndex((state) => state.name === entry.name);
    const byPlace = areUnnamed && found.length === states.length ? at : -1;
    const state = Math.max(byName, byPlace);
    return { ...entry, state: state < 0 || entry.kind === "gripper" ? null : state };
  });
}

function cameras(
  chosen: Readonly<Record<string, string>> | null,
  dataset: Dataset,
  views: readonly string[],
  problems: string[],
): Camera[] {
  if (chosen === null) return camerasByName(dataset, views, problems);
  for (const [view, key] of Object.entries(chosen)) {
    if (!views.includes(view)) problems.push(`the policy has no view "${view}"; it has ${views.join(", ") || "none"}`);
    if (!dataset.cameras.includes(key))
      problems.push(`expected pictures of "${key}", got ${dataset.cameras.join(", ") || "no camera"}`);
  }
  return views.map((view) => ({ view, key: Object.hasOwn(chosen, view) ? chosen[view]! : null }));
}

/** Views by the last part of a camera's key; which of the others is which is for the recipe to say. */
function camerasByName(dataset: Dataset, views: readonly string[], problems: string[]): Camera[] {
  const found = views.map((view) => ({
    view,
    key: dataset.cameras.find((key) => key.split(".").at(-1) === view) ?? null,
  }));
  const open = found.filter(({ key }) => key === null).map(({ view }) => view);
  const left = dataset.cameras.filter((camera) => found.every(({ key }) => key !== camera));
  if (open.length > 0 && left.length > 0) {
    const example = `{ ${JSON.stringify(open[0])}: ${JSON.stringify(left[0])} }`;
    problems.push(
      `expected a camera by the name of each view (${views.join(", ")}), got ${left.join(", ")} and none called ` +
        `${open.join(", ")}; say in the mapping which is which, "cameras: ${example}" for one; views left out there are absent`,
    );
  }
  return found;
}
