import type { BatchLayout } from "../../batch/layout.ts";
import { costOf } from "../../objective/cost.ts";
import { type Plan, settingOf } from "../../recipe/plan.ts";

/** The sizes of a batch that cost most, as a sample needs them. */
export type SampleRoom = Pick<BatchLayout, "views" | "observations" | "tokens">;

/** A field of a batch: axes without that of the batch. */
interface FieldSizes {
  readonly name: string;
  readonly axes: readonly { readonly letter: string; readonly size: number }[];
}

/** "1" for each cell that is real, by field. */
type RealCells = Readonly<Record<string, string>>;

/** How many views, observation slots and prompt tokens a sample has: the slots from the first with something real to now. */
export function roomOf(fields: readonly FieldSizes[], { real }: { readonly real: RealCells }): SampleRoom {
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
 * have, 0 to 1. Operations are counted from the programs of a policy whose batches have the recipe's sizes, and the sample's own.
 */
export function computePadding(plan: Plan, rooms: readonly SampleRoom[]): number[] {
  const setting = settingOf(plan, 1);
  const whole = costOf(setting).gradientOperations;
  const known = new Map<string, number>();
  return rooms.map((room) => {
    const key = `${room.views} ${room.observations} ${room.tokens}`;
    const subgoals = setting.layout.subgoals === undefined ? {} : { subgoals: room.views };
    const layout = { ...setting.layout, ...subgoals, ...room };
    const operations = known.get(key) ?? costOf({ ...setting, layout }).gradientOperations;
    known.set(key, operations);
    return 1 - operations / whole;
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
