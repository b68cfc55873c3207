import type { Entry } from "../../embodiment/embodiment.ts";
import { unitProblems } from "../../embodiment/unit.ts";
import type { Recorded } from "./delta-pair.ts";
import { quantityOf } from "./words.ts";

/** Units of joints and grippers, and what they were concluded from. */
export interface UnitGuess {
  readonly joint: string;
  readonly gripper: string;
  readonly because: string;
}

/**
 * The units of a robot's joints whose names say none, by the numbers of an episode; `null` where these tell nothing.
 *
 * No joint of an arm turns further than a full turn, so more than 2π are degrees. Up to 1 it may be a share of its range.
 *
 * @source LeRobot `so_follower.py`: joints in ±100 of their calibrated range or, by `use_degrees`, in degrees; grippers in 0 to 100
 */
export function guessUnits(robotType: string, entries: readonly Entry[], numbers: Recorded): UnitGuess | null {
  const own = entries.flatMap((entry, at) => (isJoint(entry) ? (numbers[at] ?? []) : []));
  const widest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const reach = `a guess: joints reach ${widest.toPrecision(3)}`;
  if (/^so[-_ ]?10[01]/i.test(robotType.trim()) && widest > 2 * Math.PI)
    return widest > 100 || !entries.some(({ name }) => name.endsWith(".pos"))
      ? { joint: "deg", gripper: "0..100", because: `${reach}, and LeRobot records this robot in degrees or in ±100` }
      : { joint: "-100..100", gripper: "0..100", because: `${reach}, within LeRobot's ±100; they may be degrees` };
  if (widest > 2 * Math.PI) return { joint: "deg", gripper: "unknown", because: `${reach}, more than 2π` };
  return widest > 1 ? { joint: "rad", gripper: "unknown", because: `${reach}, no more than 2π` } : null;
}

/** Entries with the units of a guess where their names say none. */
export function withUnits<E extends Entry>(entries: readonly E[], { joint, gripper }: UnitGuess): E[] {
  return entries.map((entry) => {
    if (isJoint(entry)) return { ...entry, unit: joint };
    return entry.kind === "gripper" && entry.unit === "unknown" ? { ...entry, unit: gripper } : entry;
  });
}

/** Entries read in the units that others of the same robot have, where theirs are converted into those. */
export function readAs<E extends Entry>(entries: readonly E[], others: readonly Entry[]): E[] {
  return entries.map((entry, at) => {
    const unit = others[at]?.unit ?? entry.unit;
    const read = { ...entry, unit, recordedIn: entry.unit };
    return unit === entry.unit || unitProblems(read).length > 0 ? entry : read;
  });
}

function isJoint({ name, unit, kind, part }: Entry): boolean {
  return unit === "unknown" && kind === "continuous" && quantityOf(name) === "position" && /(arm|leg|head)$/.test(part);
}
