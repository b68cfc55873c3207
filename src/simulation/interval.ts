/** Standard deviations within which 95 % of a normal distribution lie. */
const deviations = 1.959963984540054;

/**
 * Where the rate of successes lies with 95 % confidence: Wilson's interval, which stays within 0 and 1 and is right for few tries.
 *
 * @param tries at least 1
 * @source Wilson, "Probable inference, the law of succession, and statistical inference", 1927
 */
export function successInterval(successes: number, tries: number): readonly [low: number, high: number] {
  if (!(tries >= 1 && successes >= 0 && successes <= tries))
    throw new RangeError(`successInterval: expected 0 to ${tries} successes of at least one try, got ${successes}`);
  const rate = successes / tries;
  const spread = deviations ** 2 / tries;
  const middle = (rate + spread / 2) / (1 + spread);
  const half = (deviations * Math.sqrt((rate * (1 - rate)) / tries + spread / tries / 4)) / (1 + spread);
  // At the ends the bounds are exact; rounding would leave 1e-17 of them.
  return [successes === 0 ? 0 : middle - half, successes === tries ? 1 : middle + half];
}
