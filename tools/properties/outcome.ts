import type { CommandOutcome } from "../../src/command/definition.ts";
import { clock } from "../../src/command/progress.ts";
import type { TriedSeed } from "../../src/dataset/testing/drawn/try-seed.ts";

/** How many datasets were tried, from which seed on, and how long that took. */
export interface Trial {
  readonly count: number;
  readonly first: number;
  readonly seconds: number;
}

/** Findings of a dataset that are printed; the others are counted, and `--json` has them. */
const printed = 3;

/** Exit status 1 where a dataset is not read as it was drawn, with the seed of each, what is wrong, and what was drawn. */
export function outcomeOf({ count, first, seconds }: Trial, tried: readonly TriedSeed[]): CommandOutcome {
  const failed = tried.toSorted((one, other) => one.seed - other.seed);
  const seeds = failed.map(({ seed }) => seed);
  const isOne = count === 1;
  const what = isOne ? `Dataset ${first}` : `Datasets ${first} to ${first + count - 1}`;
  const read = `${what}: ${count - failed.length} of ${count} ${isOne ? "is" : "are"} as drawn, in ${clock(seconds)}.`;
  const failing = failed.length === 0 ? [] : [`Not as drawn: seeds ${seeds.join(", ")}.`];
  return {
    status: failed.length > 0 ? 1 : 0,
    json: { count, first, seconds, failed },
    text: [...failed.map(described), read, ...failing].join("\n"),
  };
}

function described({ seed, found, drawn }: TriedSeed): string {
  const more = found.length > printed ? [`and ${found.length - printed} more`] : [];
  return [`seed ${seed}`, ...found.slice(0, printed), ...more, `drawn: ${drawn}`, ""].join("\n  ").trimEnd();
}
