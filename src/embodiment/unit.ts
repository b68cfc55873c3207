import { HostArray } from "../graph/host-array.ts";
import type { Normalization } from "./normalize.ts";

/** A range of recorded numbers whose ends stand for limits of the entry, in its unit: a joint's calibrated ±100, say. */
export interface RecordedRange {
  readonly range: readonly [number, number];
  readonly limits: readonly [number, number];
}

/** What an entry's numbers are, and what they are in the recording where that is something else. */
export interface Measured {
  /** "rad", "m", "rad/s", …; "unknown" where no one says. */
  readonly unit: string;
  /** In what the recording has it, and the robot that is served gives and takes it; where it is missing, in `unit`. */
  readonly recordedIn?: string | RecordedRange | undefined;
}

/** Whether two entries are recorded in the same unit, or with the same ends for the same limits. */
export function isRecordedAlike(one: Measured["recordedIn"], other: Measured["recordedIn"]): boolean {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  const ends = ({ range, limits }: RecordedRange) => [...range, ...limits];
  return ends(one).every((end, at) => end === ends(other)[at]);
}

/** How a recorded number becomes one in an entry's unit: `factor · recorded + offset`. */
export interface Conversion {
  readonly factor: number;
  readonly offset: number;
}

const degree = Math.PI / 180;

/** Units that are converted into each other: those of one row, by how much of the row's first each is. */
const quantities: readonly Readonly<Record<string, number>>[] = [
  { rad: 1, deg: degree },
  { "rad/s": 1, "deg/s": degree },
  { m: 1, cm: 0.01, mm: 0.001 },
  { "m/s": 1, "cm/s": 0.01, "mm/s": 0.001 },
  { "-1..1": 1, "-100..100": 0.01 },
  { fraction: 1, "0..100": 0.01 },
];

const asRecorded: Conversion = { factor: 1, offset: 0 };

/** Why the numbers of a recording cannot be had in an entry's unit; empty where they can. */
export function unitProblems({ unit, recordedIn }: Measured): string[] {
  if (recordedIn === undefined || recordedIn === unit) return [];
  if (typeof recordedIn !== "string") return rangeProblems(recordedIn);
  const own = quantities.find((quantity) => Object.hasOwn(quantity, unit));
  if (own === undefined)
    return [`expected a unit that is converted (${knownUnits()}) beside recordedIn "${recordedIn}", got "${unit}"`];
  if (Object.hasOwn(own, recordedIn)) return [];
  return [`expected recordedIn to be ${Object.keys(own).join(" or ")}, as its unit is "${unit}", got "${recordedIn}"`];
}

/** How the recorded numbers of entries become numbers in their units. */
export function conversionsOf(entries: readonly Measured[]): Conversion[] {
  return entries.map(conversionOf);
}

/** The same of dofs; a difference from the state has no offset. */
export function actionConversionsOf(
  dofs: readonly (Measured & { readonly state: number | null })[],
  frame: "absolute" | "delta",
): Conversion[] {
  return dofs.map((dof) => {
    const { factor, offset } = conversionOf(dof);
    return { factor, offset: frame === "delta" && dof.state !== null ? 0 : offset };
  });
}

/** Rows `[i j]` in the units of their entries, from rows as they are recorded. */
export function inUnits(
  recorded: HostArray<"i j", "float64">,
  conversions: readonly Conversion[],
): HostArray<"i j", "float64"> {
  if (conversions.every(isNone)) return recorded;
  const width = conversions.length;
  const cells = recorded.cells.map((value, at) => {
    const { factor, offset } = conversions[at % width]!;
    return factor * value + offset;
  });
  return new HostArray("i j", recorded.shape, "float64", cells);
}

/**
 * The unit scale of recorded numbers, from that of numbers in the units of their entries: both normalise to the same, and what is
 * denormalised is in the robot's own units.
 */
export function ofRecorded(unit: Normalization, conversions: readonly Conversion[]): Normalization {
  if (conversions.every(isNone)) return unit;
  return {
    mode: unit.mode,
    center: unit.center.map((center, entry) => (center - conversions[entry]!.offset) / conversions[entry]!.factor),
    scale: unit.scale.map((scale, entry) => scale / conversions[entry]!.factor),
  };
}

/** The unit in which a recording has an entry, and its robot gives and takes it. */
export function ownUnit({ unit, recordedIn }: Measured): string {
  if (recordedIn === undefined) return unit;
  return typeof recordedIn === "string" ? recordedIn : recordedIn.range.join("..");
}

function conversionOf({ unit, recordedIn }: Measured): Conversion {
  if (recordedIn === undefined || recordedIn === unit) return asRecorded;
  if (typeof recordedIn === "string") {
    const own = quantities.find((quantity) => Object.hasOwn(quantity, unit)) ?? {};
    return { factor: (own[recordedIn] ?? Number.NaN) / (own[unit] ?? Number.NaN), offset: 0 };
  }
  const { range, limits } = recordedIn;
  const factor = (limits[1] - limits[0]) / (range[1] - range[0]);
  return { factor, offset: limits[0] - factor * range[0] };
}

function rangeProblems({ range, limits }: RecordedRange): string[] {
  return Object.entries({ range, limits })
    .filter(([, [low, high]]) => low === high)
    .map(([key, [low]]) => `expected a recordedIn.${key} of two different ends, got ${low} twice`);
}

function knownUnits(): string {
  return quantities.map((quantity) => Object.keys(quantity).join(", ")).join("; ");
}

function isNone({ factor, offset }: Conversion): boolean {
  return factor === 1 && offset === 0;
}
