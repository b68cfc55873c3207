import type { DataType, HostArray } from "../graph/host-array.ts";
import type { Program } from "../graph/program.ts";

type Storage = HostArray<string, DataType>;

/** What of some arrays a program takes: a policy without history reads no `historyKept`. */
export function onlyInputs(
  { inputs }: Pick<Program, "inputs">,
  feeds: ReadonlyMap<string, Storage>,
): Map<string, Storage> {
  return new Map(
    inputs.flatMap(({ name }) => {
      const array = feeds.get(name);
      return array === undefined ? [] : [[name, array] as const];
    }),
  );
}
