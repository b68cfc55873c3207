/** Outcomes as hexadecimal digits, four to a digit, the first in the highest bit. */
export function encodeBits(bits: readonly boolean[]): string {
  return Array.from({ length: Math.ceil(bits.length / 4) }, (_, at) =>
    [0, 1, 2, 3].reduce((digit, bit) => 2 * digit + Number(bits[4 * at + bit] === true), 0).toString(16),
  ).join("");
}

/** @param count how many outcomes there are */
export function decodeBits(text: string, count: number): boolean[] {
  return Array.from(
    { length: count },
    (_, at) => ((Number.parseInt(text[Math.floor(at / 4)]!, 16) >> (3 - (at % 4))) & 1) === 1,
  );
}
