import { isRecordedAlike, type Measured, ownUnit, unitProblems } from "./unit.ts";

/** One entry of a robot's action or state vector. */
export interface Entry extends Measured {
  readonly name: string;
  /** The part of the robot it belongs to: "arm", "gripper", "left hand". */
  readonly part: string;
  /** A gripper is resampled to the nearest value and never made relative; anything continuous is interpolated. */
  readonly kind: "continuous" | "gripper";
  /** Its slot in the policy's padded vector. Any set of slots is allowed; no two entries of a robot share one. */
  readonly slot: number;
}

/** A degree of freedom: an entry of the action. */
export interface Dof extends Entry {
  /** The robot's own state entry that a delta action of this dof is taken from; `null` keeps it absolute. */
  readonly state: number | null;
}

/** A camera view of the policy, and the dataset's key for it: `null` where this robot has no such camera. */
export interface Camera {
  readonly view: string;
  readonly key: string | null;
}

/** Entries of one column that make up a vector, in this order. */
export interface ColumnPart {
  readonly key: string;
  readonly entries: readonly number[];
}

/** Where the instruction of a sample comes from. */
export type PromptSource = { readonly kind: "task" } | { readonly kind: "fixed"; readonly text: string };

/** What may be said of a robot itself: its type, the steps of its actions per second, its control mode. */
export const saidOfRobots = ["robot", "fps", "control"] as const;

/** Where a number stands: in a column of rows, at a sample's frame, or among what the metadata say of the episode as a whole. */
export type NumberSource = string | { readonly episode: string };

/** What is known of an episode beside its instruction, and what is said of the robot. */
export interface MetadataSource {
  /** 0 to 100. */
  readonly speed?: NumberSource | undefined;
  /** 1 to 5. */
  readonly quality?: NumberSource | undefined;
  /** 0 where all went well. */
  readonly mistake?: NumberSource | undefined;
  readonly says: readonly (typeof saidOfRobots)[number][];
}

/** What a robot's numbers mean: plain data, the same in training, validation and serving. */
export interface Embodiment {
  readonly robotType: string;
  readonly controlMode: string;
  /** In the order of the robot's own action vector. */
  readonly dofs: readonly Dof[];
  /** In the order of the robot's own state vector. */
  readonly states: readonly Entry[];
  /** One per view of the policy, in the policy's order. */
  readonly cameras: readonly Camera[];
  readonly columns: {
    readonly action: readonly ColumnPart[];
    readonly state: readonly ColumnPart[];
    readonly prompt: PromptSource;
    /** What a sample's response is read from, where it has one. */
    readonly response?: string | undefined;
    /** Nothing is known of its episodes where it is missing. */
    readonly metadata?: MetadataSource | undefined;
  };
  /** "none" where samples have no actions to learn (question answering). */
  readonly target: "actions" | "none";
}

/** The slots of entries, in the robot's own order. */
export function slots(entries: readonly Entry[]): number[] {
  return entries.map((entry) => entry.slot);
}

/** Number of entries that column parts make up. */
export function entryCount(parts: readonly ColumnPart[]): number {
  return parts.reduce((sum, part) => sum + part.entries.length, 0);
}

/** Everything that is wrong with an embodiment by itself; empty where nothing is. */
export function embodimentProblems(embodiment: Embodiment): string[] {
  const { dofs, states, cameras, columns } = embodiment;
  return [
    ...entryProblems("action", dofs, entryCount(columns.action)),
    ...entryProblems("state", states, entryCount(columns.state)),
    ...(embodiment.controlMode === "" ? ["control mode: expected a name, got an empty text"] : []),
    ...repeated(cameras.map((camera) => camera.view)).map((view) => `view "${view}" occurs twice`),
    ...dofs
      .filter((dof) => dof.state !== null && !(dof.state in states))
      .map((dof) => `dof "${dof.name}": expected a state entry below ${states.length}, got ${dof.state}`),
    ...dofs
      .filter((dof) => dof.state !== null && dof.kind === "gripper")
      .map((dof) => `dof "${dof.name}": a gripper has no delta; set its state to null`),
    ...dofs.flatMap((dof) => pairProblems(dof, dof.state === null ? undefined : states[dof.state])),
    ...(embodiment.target === "actions" && dofs.length === 0 ? ['no dofs, but target "actions"'] : []),
  ];
}

/** A difference of recorded numbers is one only where both are recorded alike. */
function pairProblems(dof: Dof, state: Entry | undefined): string[] {
  if (state === undefined || (dof.recordedIn === undefined && state.recordedIn === undefined)) return [];
  const isOne = dof.unit === state.unit && isRecordedAlike(dof.recordedIn, state.recordedIn);
  if (isOne) return [];
  return [
    `dof "${dof.name}": expected its state "${state.name}" in the same unit and recorded in the same, for a delta, got ${ownUnit(dof)} ` +
      `and ${ownUnit(state)}; set its state to null`,
  ];
}

function entryProblems(what: string, entries: readonly Entry[], columns: number): string[] {
  const taken = entries.filter((entry) => !Number.isSafeInteger(entry.slot) || entry.slot < 0);
  return [
    ...(entries.length === columns ? [] : [`${what}: ${entries.length} entries named, columns hold ${columns}`]),
    ...taken.map((entry) => `${what} "${entry.name}": expected a slot of 0 or more, got ${entry.slot}`),
    ...entries.flatMap((entry) => unitProblems(entry).map((problem) => `${what} "${entry.name}": ${problem}`)),
    ...repeated(slots(entries)).map((slot) => `${what}: slot ${slot} is taken twice`),
    ...repeated(entries.map((entry) => entry.name)).map((name) => `${what}: the name "${name}" occurs twice`),
  ];
}

function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}
