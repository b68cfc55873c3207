import type { DataType, HostArray } from "../graph/host-array.ts";
import { differenceOf, magnitude } from "./difference.ts";
import type { PaddingKind } from "./kind.ts";

/**
 * What padding may not do, to anything from inputs to outputs.
 *
 * poison: other values where nothing is real change nothing. padding: more padding changes nothing. split: parts add up to the
 * whole. order: a row's outputs do not depend on where it stands and who stands beside it. horizon: what exists is no hint; a step's
 * outputs do not depend on whether later ones exist.
 */
export const laws = ["poison", "padding", "split", "order", "horizon"] as const;

export type Law = (typeof laws)[number];

export type Output = HostArray<string, Exclude<DataType, "int64">>;

/** What came out, by name; a cell that promises nothing is 0. */
export type Outputs = ReadonlyMap<string, Output>;

/** How close two numbers have to be that are the same but for the order in which they are summed. */
export interface Closeness {
  /** Times the largest cell of the output. */
  readonly relative: number;
  readonly absolute: number;
  readonly because: string;
}

/** Inputs that have to give the same outputs as others. */
export interface Variation<Input> {
  readonly law: Law;
  /** The kinds of padding that it touches. */
  readonly kinds: readonly PaddingKind[];
  /** What was done: "NaN in absent dofs". */
  readonly name: string;
  readonly inputs: readonly Input[];
  /** Brings what came out of each input to the places that it has in the outputs of the original. */
  readonly back: (outputs: readonly Outputs[]) => Outputs;
  /** What an output promises; nothing is promised of outputs that are passed over. */
  readonly promise: (output: string, expected: Outputs) => "bits" | Closeness | "nothing";
}

/** An output that a variation changed. */
export interface Leak {
  readonly output: string;
  /** The largest difference. */
  readonly size: number;
  readonly index: readonly number[];
}

/**
 * The outputs that a variation changes by more than they promise.
 *
 * @param expected outputs of the inputs as they were
 */
export async function leaksOf<Input>(
  run: (input: Input) => Promise<Outputs>,
  expected: Outputs,
  { inputs, back, promise }: Variation<Input>,
): Promise<Leak[]> {
  const found: Outputs[] = [];
  for (const input of inputs) found.push(await run(input));
  const outputs = back(found);
  const names = new Set([...expected.keys(), ...outputs.keys()]);
  return [...names].flatMap((output) => {
    const promised = promise(output, expected);
    if (promised === "nothing") return [];
    const [one, other] = [expected.get(output), outputs.get(output)];
    if (one === undefined || other === undefined) return [{ output, size: Number.MAX_VALUE, index: [] }];
    const difference = differenceOf(one, other, () => true);
    if (difference === null) return [];
    if (promised !== "bits" && difference.size <= promised.absolute + promised.relative * magnitude(one)) return [];
    return [{ output, ...difference }];
  });
}

/** The outputs of a single input, where they are. */
export function asTheyAre(outputs: readonly Outputs[]): Outputs {
  const [only, ...more] = outputs;
  if (only === undefined || more.length > 0)
    throw new RangeError(`asTheyAre: expected the outputs of one input, got those of ${outputs.length}`);
  return only;
}
