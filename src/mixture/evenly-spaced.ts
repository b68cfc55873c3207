/** At most so many of the numbers from 0 to before `total`, rising: the middles of as many equal parts. */
export function evenlySpaced(total: number, most: number): number[] {
  const count = Math.min(most, total);
  return Array.from({ length: count }, (_, at) => Math.floor(((at + 0.5) * total) / count));
}
