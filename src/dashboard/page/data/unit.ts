/** A unit as it stands behind a name: nothing where it is not known. */
export function unitText(unit: string): string {
  return unit === "unknown" ? "" : unit;
}
