/**
 * The dimension alphabet: one letter per axis, used in types, equations, comments and errors alike.
 *
 * Axes are written as letters between spaces, outermost first: `"b t d"` is [batch, step, dof]; `""` is a scalar.
 */
export const axisNames = {
  b: "batch",
  o: "observation slot (oldest first, the last is now)",
  t: "action step",
  d: "degree of freedom",
  s: "state entry",
  v: "camera view",
  h: "image height",
  w: "image width",
  c: "channel",
  p: "image patch",
  q: "query token",
  k: "key token",
  n: "token",
  e: "width",
  m: "MLP width, or token of an action",
  a: "query head",
  g: "key/value head",
  f: "head width",
  r: "part of a split axis, or token of a response",
  y: "vocabulary entry",
  u: "embodiment",
  l: "rank of an adapter",
  z: "token of metadata",
  x: "picture of a subgoal",
  i: "row",
  j: "column",
} as const;

export type Axis = keyof typeof axisNames;

/** The letters of `"b t d"` as a tuple; `never` where a letter is not in the alphabet. */
export type Letters<A extends string> = A extends ""
  ? []
  : A extends `${infer Head extends Axis} ${infer Rest}`
    ? [Head, ...Letters<Rest>]
    : A extends Axis
      ? [A]
      : never;

/** `true` where the letters of `V` occur in `A` in the same order: `"b t"` in `"b t d"`. */
export type IsSubsequence<V extends string, A extends string> = SubsequenceOf<Letters<V>, Letters<A>>;
type SubsequenceOf<V extends readonly string[], A extends readonly string[]> = V extends readonly [
  infer VH extends string,
  ...infer VR extends string[],
]
  ? A extends readonly [infer AH extends string, ...infer AR extends string[]]
    ? VH extends AH
      ? SubsequenceOf<VR, AR>
      : SubsequenceOf<V, AR>
    : false
  : true;

/** `V` where it is a subsequence of `A`, else `never`. */
export type Within<V extends string, A extends string> = IsSubsequence<V, A> extends true ? V : never;

/**
 * Letters of an axes string, outermost first.
 *
 * @throws RangeError if a letter is not in the alphabet or occurs twice
 */
export function letters(axes: string): Axis[] {
  if (axes === "") return [];
  const found: Axis[] = [];
  for (const letter of axes.split(" ")) {
    if (!isAxis(letter)) throw new RangeError(`axes "${axes}": expected letters of the alphabet, got "${letter}"`);
    if (found.includes(letter)) throw new RangeError(`axes "${axes}": "${letter}" (${axisNames[letter]}) occurs twice`);
    found.push(letter);
  }
  return found;
}

/** "b=8 t=16 d=44": how errors show an array. */
export function describe(axes: string, shape: readonly number[]): string {
  const found = letters(axes);
  return `[${found.map((letter, at) => `${letter}=${shape[at]}`).join(" ")}]`;
}

/**
 * Size of each axis of an array.
 *
 * @throws RangeError if axes and shape differ in number or a size is not a natural number
 */
export function sizes(axes: string, shape: readonly number[]): Map<Axis, number> {
  const found = letters(axes);
  if (found.length !== shape.length)
    throw new RangeError(`axes "${axes}": expected ${found.length} sizes, got [${shape.join(", ")}]`);
  return new Map(
    found.map((letter, at) => {
      const size = shape[at];
      if (size === undefined || !Number.isInteger(size) || size < 0)
        throw new RangeError(`axes "${axes}": expected a size for ${axisNames[letter]}, got ${size}`);
      return [letter, size];
    }),
  );
}

/** Number of cells of a shape. */
export function cells(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The largest number up to a limit, 1 or more, that divides a size. */
export function largestDivisor(size: number, limit: number): number {
  for (let divisor = Math.min(limit, size); divisor > 1; divisor--) if (size % divisor === 0) return divisor;
  return 1;
}

function isAxis(letter: string): letter is Axis {
  return Object.hasOwn(axisNames, letter);
}
