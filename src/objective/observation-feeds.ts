import type { Batch } from "../batch/batch.ts";
import { factNames, observedNames } from "../batch/each.ts";
import type { Arrays, DataType, HostArray } from "../graph/host-array.ts";

/** Inputs of the programs that stand for what a robot perceives, under the names of the batch's fields. */
export function observationFeeds(batch: Batch): Arrays {
  return new Map<string, HostArray<string, DataType>>([
    ...observedNames.map((name) => [name, batch[name].read((values) => values)] as const),
    ...factNames.map((name) => [name, batch.facts[name].toArray()] as const),
  ]);
}
