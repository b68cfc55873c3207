/**
 * Numbers that Python and TypeScript make alike, to the bit, from a name; `formula.py` beside this file is the other half.
 *
 * seed = FNV-1a (32 bits) of the name; hash = murmur3's finalizer of `index · 0x9E3779B9 + seed`, both modulo 2³².
 */

/** FNV-1a, 32 bits, of the name's UTF-8 bytes. */
export function seedOf(name: string): number {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193) >>> 0;
  return seed;
}

/** `offset + scale · u` with u uniform in [-1, 1), computed in float64 and rounded once to float32. */
export function formulaValues(name: string, count: number, scale: number, offset: number): Float32Array {
  const seed = seedOf(name);
  return Float32Array.from({ length: count }, (_, index) => offset + scale * (hash(seed, index) / 2 ** 31 - 1));
}

/** The highest byte of each hash: pixels. */
export function formulaBytes(name: string, count: number): Uint8Array {
  const seed = seedOf(name);
  return Uint8Array.from({ length: count }, (_, index) => hash(seed, index) >>> 24);
}

/** Each hash modulo `bound`: token ids. */
export function formulaIds(name: string, count: number, bound: number): Int32Array {
  const seed = seedOf(name);
  return Int32Array.from({ length: count }, (_, index) => hash(seed, index) % bound);
}

function hash(seed: number, index: number): number {
  let word = (Math.imul(index, 0x9e3779b9) + seed) >>> 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
