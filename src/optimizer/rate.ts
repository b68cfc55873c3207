import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";
import { beginnings, isBelow } from "../nn/below.ts";
import { type TrainedPart, trainedParts } from "../policy/trained-part.ts";

/**
 * What the learning rate of the schedule is multiplied by, where some parameters are to learn faster or slower than others: by the name of a
 * part, as `TrainingChoice.train` has it, or by a parameter's name or the beginning of one up to a dot. Of two that fit a parameter the longer
 * beginning counts; where none fits, the factor is 1.
 */
export interface RateChoice {
  readonly rates?: Readonly<Record<string, number>> | undefined;
}

/**
 * The factor of each parameter that trains.
 *
 * @param trained names of the parameters that train
 * @throws InputError if a name is that of nothing that trains, or two of them fit a parameter equally well and say different factors
 */
export function rateFactors(trained: readonly string[], { rates = {} }: RateChoice): ReadonlyMap<string, number> {
  const choices = Object.entries(rates).map(([name, factor]) => ({ name, factor, part: partOf(name) }));
  const unused = choices.find(({ part }) => !trained.some((name) => closeness(name, part) !== null));
  if (unused !== undefined)
    throw new InputError(
      `optimizer.rates: expected parts or beginnings of names of parameters that train, got "${unused.name}"` +
        didYouMean(unused.name, [...Object.keys(trainedParts), ...beginnings(trained)]),
    );
  return new Map(trained.map((name) => [name, factorOf(name, choices)]));
}

interface Choice {
  readonly name: string;
  readonly factor: number;
  readonly part: TrainedPart;
}

function factorOf(parameter: string, choices: readonly Choice[]): number {
  const close = choices.map((choice) => ({ ...choice, close: closeness(parameter, choice.part) ?? -1 }));
  const closest = Math.max(-1, ...close.map((choice) => choice.close));
  if (closest < 0) return 1;
  const [first, ...others] = close.filter((choice) => choice.close === closest);
  const other = others.find(({ factor }) => factor !== first!.factor);
  if (other === undefined) return first!.factor;
  throw new InputError(
    `optimizer.rates: expected one factor for "${parameter}", got ${first!.factor} as "${first!.name}" and ${other.factor} as ` +
      `"${other.name}"; name the beginning of its name that one of them is meant for`,
  );
}

/** Length of the beginning by which a parameter is of a part: 0 where a part is all but others, `null` where it is not of it. */
function closeness(parameter: string, { kind, parts }: TrainedPart): number | null {
  const lengths = parts.filter((part) => isBelow(parameter, part)).map((part) => part.length);
  if (kind === "but") return lengths.length === 0 ? 0 : null;
  return lengths.length === 0 ? null : Math.max(...lengths);
}

function partOf(name: string): TrainedPart {
  return Object.entries(trainedParts).find(([part]) => part === name)?.[1] ?? { kind: "only", parts: [name] };
}
