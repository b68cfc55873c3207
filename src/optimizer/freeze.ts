import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";
import { isOfAdapter } from "../nn/adapter.ts";
import { beginnings, isBelow } from "../nn/below.ts";
import { type TrainedPart, type TrainedPartName, trainedParts } from "../policy/trained-part.ts";

/**
 * What a recipe says of which parameters train. Everywhere a pattern is a parameter's name or the beginning of one up to a dot: `vision`
 * is `vision.patch.weight`, not `visionary`.
 */
export interface TrainingChoice {
  /** A part by its name, or only what is below some patterns; without it, all. Adapters train in any case. */
  readonly train?: TrainedPartName | readonly string[] | undefined;
  /** Patterns of what does not train. */
  readonly frozen: readonly string[];
}

/**
 * Which parameters train.
 *
 * @param names of all parameters of the policy
 * @returns names in the order given
 * @throws InputError if a pattern is that of no parameter, or nothing is left to train
 */
export function trainedParameters(names: readonly string[], { train, frozen }: TrainingChoice): string[] {
  const chosen = partOf(train ?? "all");
  if (train !== undefined) expectPart(names, train, chosen);
  expectPatterns("optimizer.frozen", names, frozen);
  const trained = names.filter(
    (name) =>
      (isOfAdapter(name) || chosen.parts.some((part) => isBelow(name, part)) === (chosen.kind === "only")) &&
      !frozen.some((pattern) => isBelow(name, pattern)),
  );
  if (trained.length === 0)
    throw new InputError(
      `optimizer: expected parameters to be left to train, got all ${names.length} frozen by train and frozen`,
    );
  return trained;
}

function partOf(train: NonNullable<TrainingChoice["train"]>): TrainedPart {
  return typeof train === "string" ? trainedParts[train] : { kind: "only", parts: train };
}

/** @throws InputError where a part is none of the policy's: each pattern has to be of a parameter, and of a part's one of them */
function expectPart(
  names: readonly string[],
  train: TrainedPartName | readonly string[],
  { parts }: TrainedPart,
): void {
  if (typeof train !== "string") {
    expectPatterns("optimizer.train", names, train);
    return;
  }
  if (parts.length === 0 || names.some((name) => parts.some((part) => isBelow(name, part)))) return;
  const has = [...new Set(names.map((name) => name.split(".", 1)[0]!))];
  throw new InputError(
    `optimizer.train: expected a part that the policy has, got "${train}" (${parts.join(", ")}) of one that has ${has.join(", ")}`,
  );
}

/** @throws InputError where a pattern is that of no parameter */
function expectPatterns(key: string, names: readonly string[], patterns: readonly string[]): void {
  for (const pattern of patterns)
    if (!names.some((name) => isBelow(name, pattern)))
      throw new InputError(
        `${key}: expected beginnings of parameter names, got "${pattern}", which is that of none` +
          didYouMean(pattern, beginnings(names)),
      );
}
