import type { BatchShape } from "../../batch/shape.ts";
import type { Draw } from "../../mixture/sampler.ts";
import { layoutOf, type Plan } from "../../recipe/plan.ts";
import { ShapeCost, shapingOf } from "../../training/shape-plan.ts";

/** A field of a batch: axes without that of the batch. */
interface FieldSizes {
  readonly name: string;
  readonly axes: readonly { readonly letter: string; readonly size: number }[];
}

/** "1" for each cell that is real, by field. */
type RealCells = Readonly<Record<string, string>>;

/** How many views, observation slots and prompt tokens a sample has: the slots from the first with something real to now. */
export function roomOf(fields: readonly FieldSizes[], { real }: { readonly real: RealCells }): BatchShape {
  const room = { views: 0, observations: 1, tokens: 1 };
  for (const { name, axes } of fields) {
    const bits = real[name] ?? "";
    const [outer, inner] = [axes[0]?.size ?? 0, axes[1]?.size ?? 1];
    if (axes[0]?.letter === "o")
      room.observations = Math.max(room.observations, outer - Math.floor(firstReal(bits) / inner));
    if (name === "images") room.views = columnsReal(bits, inner);
    if (name === "prompt") room.tokens = Math.max(1, columnsReal(bits, outer));
  }
  return room;
}

/**
 * The share of a training step's matrix products that each sample takes for views, observation slots and prompt tokens that it does not
 * have, 0 to 1: in the shape in which the run computes it, which is one for all but where its recipe asks for shapes that fit. Operations are
 * counted from the programs, as `armature inspect` counts them.
 *
 * @param rooms of the samples, in their order
 */
export function computePadding(plan: Plan, draws: readonly Draw[], rooms: readonly BatchShape[]): number[] {
  const cost = new ShapeCost(plan);
  const shaping = shapingOf(plan);
  const whole = layoutOf(plan.recipe, 1);
  return draws.map((draw, at) => {
    const shape = shaping === null ? whole : shaping.shapes[shaping.shapeOf(draw, "train")]!;
    return 1 - cost.ofRow(rooms[at]!) / cost.ofRow(shape);
  });
}

/** Index of the first cell that is real; past the last where none is. */
function firstReal(bits: string): number {
  const at = bits.indexOf("1");
  return at === -1 ? bits.length : at;
}

/** How many columns of a grid have a real cell. */
function columnsReal(bits: string, width: number): number {
  return Array.from({ length: width }, (_, column) => column).filter((column) =>
    Array.from(bits).some((bit, at) => bit === "1" && at % width === column),
  ).length;
}
