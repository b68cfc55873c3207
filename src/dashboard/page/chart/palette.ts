/** How many colours there are before they begin again; `--line-0` and on in the style sheet, for light and for dark. */
export const colourCount = 8;

export function colourName(colour: number): string {
  return `--line-${colour % colourCount}`;
}

/** A colour of the style sheet, as a canvas takes it. */
export function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
