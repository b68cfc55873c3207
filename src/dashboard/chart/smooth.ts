/**
 * An exponential moving average that begins without a bias towards 0.
 *
 * @param weight of what came before, from 0 (nothing is smoothed) to below 1
 * @source Kingma and Ba, Adam (arXiv:1412.6980), section 3, the correction of the bias
 */
export function smoothed(values: readonly number[], weight: number): number[] {
  let [mean, seen] = [0, 0];
  return values.map((value) => {
    mean = weight * mean + (1 - weight) * value;
    seen = weight * seen + (1 - weight);
    return mean / seen;
  });
}
