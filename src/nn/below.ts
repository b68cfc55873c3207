/** Whether a name is a pattern's own, or begins with it up to a dot: `vision.patch` is below `vision`, `visionary` is not. */
export function isBelow(name: string, pattern: string): boolean {
  return name === pattern || name.startsWith(`${pattern}.`);
}

/** Every pattern that is one of some names: `a`, `a.b` and `a.b.c` of `a.b.c`. */
export function beginnings(names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const words = name.split(".");
    return words.map((_, at) => words.slice(0, at + 1).join("."));
  });
  return [...new Set(found)];
}
