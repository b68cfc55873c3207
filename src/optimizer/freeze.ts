import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";

/**
 * Which parameters train: all but those that a pattern freezes.
 *
 * A pattern is a parameter's name or the beginning of one up to a dot: `vision` freezes `vision.patch.weight`, not `visionary`.
 *
 * @param names of all parameters of the policy
 * @returns names in the order given
 * @throws InputError if a pattern freezes nothing, or nothing is left to train
 */
export function trainedParameters(names: readonly string[], frozen: readonly string[]): string[] {
  for (const pattern of frozen)
    if (!names.some((name) => isBelow(name, pattern)))
      throw new InputError(
        `optimizer.frozen: expected beginnings of parameter names, got "${pattern}", which freezes nothing` +
          didYouMean(pattern, beginnings(names)),
      );
  const trained = names.filter((name) => !frozen.some((pattern) => isBelow(name, pattern)));
  if (trained.length === 0)
    throw new InputError(`optimizer.frozen: expected parameters to be left to train, got all ${names.length} frozen`);
  return trained;
}

/** Whether a name is a pattern's own, or begins with it up to a dot. */
export function isBelow(name: string, pattern: string): boolean {
  return name === pattern || name.startsWith(`${pattern}.`);
}

/** Every pattern that would freeze something: `a`, `a.b` and `a.b.c` of `a.b.c`. */
function beginnings(names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const words = name.split(".");
    return words.map((_, at) => words.slice(0, at + 1).join("."));
  });
  return [...new Set(found)];
}
