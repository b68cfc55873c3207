import { gradientPrefix } from "../objective/objective.ts";
import { magnitude } from "./difference.ts";
import type { Closeness, Outputs } from "./law.ts";
import { metricPrefix } from "./runner.ts";

/** Rounding of a prediction: of normalised numbers, which are about 1. */
const ofPredictions = 1e-6;

/**
 * Gradients are compared on the scale of the largest of them: some are 0 but for rounding. A metric is a mean of squares of what predictions are
 * off by, so where they are off by little it moves by twice their rounding times its root, however small it is itself.
 */
export function summedInAnotherOrder(): (output: string, expected: Outputs) => Closeness {
  let largest: number | null = null;
  return (output, expected) => {
    largest ??= largestGradient(expected);
    return {
      relative: 2e-5,
      absolute: absoluteOf(output, expected, largest),
      because: "float32 sums of thousands of terms in another order",
    };
  };
}

function absoluteOf(output: string, expected: Outputs, largest: number): number {
  if (output.startsWith(gradientPrefix)) return 1e-6 * largest;
  const values = expected.get(output);
  if (values === undefined || !output.startsWith(metricPrefix)) return 0;
  return 2 * ofPredictions * Math.sqrt(magnitude(values));
}

function largestGradient(outputs: Outputs): number {
  return Math.max(
    0,
    ...[...outputs].map(([name, values]) => (name.startsWith(gradientPrefix) ? magnitude(values) : 0)),
  );
}
