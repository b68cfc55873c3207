/** Whether a name is a pattern's own, or begins with it up to a dot: `vision.patch` is below `vision`, `visionary` is not. */
export function isBelow(name: string, pattern: string): boolean {
  return name === pattern || name.startsWith(`${pattern}.`);
}
