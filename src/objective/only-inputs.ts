import type { Program } from "../graph/program.ts";

/** What of some arrays a program takes: a policy without history reads no `historyKept`. */
export function onlyInputs<V>({ inputs }: Pick<Program, "inputs">, feeds: ReadonlyMap<string, V>): Map<string, V> {
  return new Map(
    inputs.flatMap(({ name }) => {
      const array = feeds.get(name);
      return array === undefined ? [] : [[name, array] as const];
    }),
  );
}
