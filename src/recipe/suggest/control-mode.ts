import type { Entry } from "../../embodiment/embodiment.ts";
import { type Quantity, quantityOf, stemOf, words } from "./words.ts";

/** A control mode, and what it was concluded from. */
export interface ControlModeGuess {
  readonly mode: string;
  readonly because: string;
}

/** What the names of dofs, and of datasets that everybody knows, tell of how a robot is controlled. */
export function controlModeOf(dataset: string, dofs: readonly Entry[]): ControlModeGuess {
  const named = dofs.filter(({ name, kind }) => kind === "continuous" && !isGeneric(name));
  if (named.length === 0 && /pusht/i.test(dataset))
    return { mode: "ee", because: "known of PushT: places in the picture; its metadata does not say" };
  if (named.length === 0)
    return { mode: "joint", because: "a guess: no dataset states it, and these dofs have no telling names" };
  const isCartesian = 2 * named.filter(({ name }) => isPose(name)).length > named.length;
  const mode = `${isCartesian ? "ee" : "joint"}${endings[most(named.map(({ name }) => quantityOf(name)))]}`;
  return { mode, because: `from the names of the dofs, such as "${named[0]!.name}"` };
}

const endings: Readonly<Record<Quantity, string>> = {
  position: "",
  velocity: "-velocity",
  effort: "-effort",
  difference: "-delta",
};

/** `motor_3`, `action.0`: a place and no more. */
function isGeneric(name: string): boolean {
  return words(stemOf(name)).every((word) => /^(motor|dim|dof|value)?\d*$/.test(word));
}

/** Whether a name has an axis and no joint: `left_ee_x`, not `wrist_roll`. */
function isPose(name: string): boolean {
  const left = words(stemOf(name)).filter((word) => !beside.has(word));
  return (
    left.length > 0 && left.every((word) => /^(d?[xyz]|r[xyz]|q[xyzw]|rot[xyz]?|roll|pitch|yaw|theta)$/.test(word))
  );
}

const beside: ReadonlySet<string> = new Set(
  "ee eef tcp end effector pose cartesian orientation rotation translation left right l r arm gripper vel velocity delta rel relative".split(
    " ",
  ),
);

function most(values: readonly Quantity[]): Quantity {
  const counts = [...Map.groupBy(values, (value) => value)].map(([value, all]) => ({ value, count: all.length }));
  return counts.reduce((best, one) => (one.count > best.count ? one : best)).value;
}
