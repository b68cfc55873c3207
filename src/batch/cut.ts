import { type HostArray, zeros } from "../graph/host-array.ts";

/**
 * A row's actions at the robot's own width and in its own order: what `collate` did to them, undone.
 *
 * @param actions  `[b t d]`
 * @param dofSlots the slot of each of the robot's dofs
 * @throws RangeError if there is no such row or slot
 */
export function cutToRobot(actions: HostArray<"b t d">, row: number, dofSlots: readonly number[]): HostArray<"t d"> {
  const [rows = 0, steps = 0, width = 0] = actions.shape;
  const outside = dofSlots.find((slot) => slot < 0 || slot >= width);
  if (row < 0 || row >= rows || outside !== undefined)
    throw new RangeError(
      `cutToRobot: expected row ${row} of ${rows} and slots below ${width}, got slot ${outside ?? "0"}`,
    );
  const out = zeros("t d", [steps, dofSlots.length], "float32");
  for (let step = 0; step < steps; step++)
    for (const [dof, slot] of dofSlots.entries())
      out.cells[step * dofSlots.length + dof] = actions.cells[(row * steps + step) * width + slot]!;
  return out;
}

/**
 * A robot's actions in their slots, 0 in the others: the inverse of `cutToRobot` for one row.
 *
 * @param actions  `[t d]`, at the robot's own width and in its own order
 * @param dofSlots the slot of each of the robot's dofs, below `width`
 */
export function laidInSlots(actions: HostArray<"t d">, dofSlots: readonly number[], width: number): HostArray<"t d"> {
  const [steps = 0, dofs = 0] = actions.shape;
  const out = zeros("t d", [steps, width], "float32");
  for (let step = 0; step < steps; step++)
    for (const [dof, slot] of dofSlots.entries()) out.cells[step * width + slot] = actions.cells[step * dofs + dof]!;
  return out;
}
