/**
 * Philox 4×32-10: four random words for a counter of four words and a key of two.
 *
 * @source Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011); constants as in Random123 `philox.h`
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;
const rounds = 10;

/** Writes the four words for a key of two words and a counter of four to `out`, which may be the counter itself. */
export function philox(out: Uint32Array, key: Uint32Array, counter: Uint32Array): void {
  let [x0, x1, x2, x3] = [counter[0]! | 0, counter[1]! | 0, counter[2]! | 0, counter[3]! | 0];
  let [k0, k1] = [key[0]! | 0, key[1]! | 0];
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(multiplier0, x0);
    const high1 = multiplyHigh(multiplier1, x2);
    const low0 = Math.imul(multiplier0, x0);
    const low1 = Math.imul(multiplier1, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

/** Upper 32 bits of the product of two unsigned words, as a signed word. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) | 0;
}
