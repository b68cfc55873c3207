import { gradientPrefix } from "../objective/objective.ts";
import { magnitude } from "./difference.ts";
import type { Closeness, Outputs } from "./law.ts";

/** Gradients are compared on the scale of the largest of them: some are 0 but for rounding. */
export function summedInAnotherOrder(): (output: string, expected: Outputs) => Closeness {
  let largest: number | null = null;
  return (output, expected) => {
    const isGradient = output.startsWith(gradientPrefix);
    largest ??= largestGradient(expected);
    return {
      relative: 2e-5,
      absolute: isGradient ? 1e-6 * largest : 0,
      because: "float32 sums of thousands of terms in another order",
    };
  };
}

function largestGradient(outputs: Outputs): number {
  return Math.max(
    0,
    ...[...outputs].map(([name, values]) => (name.startsWith(gradientPrefix) ? magnitude(values) : 0)),
  );
}
