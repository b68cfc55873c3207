import { featureWidth } from "../../dataset/feature.ts";
import type { Entry } from "../../embodiment/embodiment.ts";
import { partWidth, type VectorPart } from "./slice.ts";
import { quantityOf, words } from "./words.ts";

/**
 * The entries of a vector that columns make up, in a leading run of slots: name, part, kind and unit as far as names tell.
 *
 * Names are the metadata's; where two are alike, the column's key stands before them. A part that the dataset names is that of its entries.
 */
export function entriesOf(parts: readonly VectorPart[]): Entry[] {
  const names = parts.flatMap((part) =>
    ownNames(part).map((name) => ({ key: part.feature.key, name, part: part.slice?.part ?? null })),
  );
  const isAlone = (name: string) => names.filter((other) => other.name === name).length === 1;
  const unique = names.map(({ key, name }) => (isAlone(name) ? name : `${key}.${name}`));
  const isTwoSided = unique.some((name) => sideOf(name) !== null);
  return unique.map((name, slot) => {
    const { part } = names[slot]!;
    const kind = isGripper(`${part ?? ""} ${name}`) ? "gripper" : "continuous";
    return {
      name,
      unit: unitOf(name),
      part: part === null ? partOf(name, isTwoSided) : words(part).join(" "),
      kind,
      slot,
    };
  });
}

/** A name for each entry of a part; its place in it where the metadata gives none, or one of them twice. */
function ownNames(part: VectorPart): string[] {
  const { feature, slice } = part;
  const { key, names } = feature;
  const width = featureWidth(feature);
  if (names !== null && names.length === width && new Set(names).size === width)
    return names.slice(slice?.start ?? 0, slice?.end ?? width);
  return Array.from({ length: partWidth(part) }, (_, at) => `${slice?.part ?? key}.${at}`);
}

/** As `embodiment/mapping.ts` has it. */
function isGripper(name: string): boolean {
  return /gripper|claw|jaw/i.test(name);
}

function sideOf(name: string): "left" | "right" | null {
  const own = words(name);
  if (own.some((word) => word === "l" || word.startsWith("left"))) return "left";
  return own.some((word) => word === "r" || word.startsWith("right")) ? "right" : null;
}

function partOf(name: string, isTwoSided: boolean): string {
  const side = sideOf(name);
  const limb = limbOf(name, isTwoSided && side === null);
  return side === null ? limb : `${side} ${limb}`;
}

/** @param isMiddle whether it belongs to neither side of a robot that has sides: its waist is no arm's */
function limbOf(name: string, isMiddle: boolean): string {
  if (isGripper(name)) return "gripper";
  const own = words(name).map((word) => word.replace(/^(left|right)|\d+$/g, ""));
  const has = (pattern: RegExp) => own.some((word) => pattern.test(word));
  if (has(/^(hand|finger|thumb|pinky|palm)s?$/)) return "hand";
  if (has(/^(leg|hip|knee|ankle|foot)$/)) return "leg";
  if (has(/^(head|neck)$/)) return "head";
  if (has(/^(torso|spine|lift)$/) || (isMiddle && has(/^waist$/))) return "torso";
  if (has(/^(base|wheel|wheels|mobile)$/)) return "base";
  return has(armWords) ? "arm" : "body";
}

const armWords = /^(arm|forearm|upperarm|joint|shoulder|elbow|wrist|waist|ee|eef|tcp|x|y|z|r[xyz]|roll|pitch|yaw)$/;

/** Only what the name says in so many words: a number of an arm's joint may be radians, degrees, or a share of its range. */
function unitOf(name: string): string {
  const last = words(name).at(-1) ?? "";
  const unit = Object.hasOwn(units, last) ? (units[last] ?? "unknown") : "unknown";
  return unit !== "unknown" && quantityOf(name) === "velocity" ? `${unit}/s` : unit;
}

const units: Readonly<Record<string, string>> = {
  rad: "rad",
  radians: "rad",
  deg: "deg",
  degrees: "deg",
  m: "m",
  metres: "m",
  meters: "m",
  cm: "cm",
  mm: "mm",
};
