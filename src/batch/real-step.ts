import { HostArray } from "../graph/host-array.ts";
import type { Padded } from "../validity/padded.ts";
import type { Validity } from "../validity/validity.ts";

/**
 * The steps of a chunk that lie inside its episode, which come first: others do not exist, whatever stands in them.
 *
 * @param actions `[t d]`, at the robot's own width
 */
export function realSteps(actions: Padded<"t d", "float32", "t">, inside: Validity<"t">): HostArray<"t d"> {
  const count = inside.bits.reduce((sum, bit) => sum + bit, 0);
  return actions.read(
    ({ cells, shape: [, dofs = 0] }) => new HostArray("t d", [count, dofs], "float32", cells.slice(0, count * dofs)),
  );
}
