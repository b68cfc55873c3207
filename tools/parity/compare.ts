/** How far numbers of ours are from another project's. */
export interface Compared {
  /** What was compared. */
  readonly name: string;
  /** Largest difference of a cell, as a share of the largest cell. */
  readonly apart: number;
  /** What they may be apart. */
  readonly allowed: number;
}

/** Largest difference, as a share of the largest cell of the other project; infinite where one is no number or the sizes differ. */
export function compare(name: string, got: ArrayLike<number>, wanted: ArrayLike<number>, allowed: number): Compared {
  if (got.length !== wanted.length) return { name, apart: Infinity, allowed };
  let [largest, apart] = [0, 0];
  for (let at = 0; at < wanted.length; at++) {
    const difference = Math.abs(got[at]! - wanted[at]!);
    apart = Math.max(apart, Number.isNaN(difference) ? Infinity : difference);
    largest = Math.max(largest, Math.abs(wanted[at]!));
  }
  return { name, apart: largest === 0 ? apart : apart / largest, allowed };
}

export function isWithin({ apart, allowed }: Compared): boolean {
  return apart <= allowed;
}
