import { Dice } from "./dice.ts";
import type { DrawnColumn, DrawnDataset, DrawnEpisode } from "./drawn-dataset.ts";

/** The numbers of each row of a column, as they are stored: floats of 32 bits are rounded to them. */
export function drawnRows({ seed }: DrawnDataset, { index, length }: DrawnEpisode, column: DrawnColumn): number[][] {
  const dice = new Dice(seed, "numbers", column.key, String(index));
  return Array.from({ length }, () => Array.from({ length: column.entries }, () => numberOfKind(dice, column.kind)));
}

function numberOfKind(dice: Dice, kind: DrawnColumn["kind"]): number {
  const large = dice.happens(0.1) ? 1e6 : 1;
  const value = (2 * dice.share() - 1) * 3 * large;
  switch (kind) {
    case "floats":
    case "float":
      return Math.fround(value);
    case "doubles":
    case "double":
      return value;
    case "int32":
      return Math.round(value * 100);
    case "int64":
      return Math.round(value * 2 ** 30);
    case "boolean":
      return value > 0 ? 1 : 0;
  }
}

/** The instruction of each row. */
export function instructionsOf({ tasks }: DrawnDataset, episode: DrawnEpisode): string[] {
  return episode.tasks.map((task) => tasks.texts[task] ?? "");
}

/** The number that a picture shows which stands in a table: another one in each row of an episode. */
export function storedNumber({ index }: DrawnEpisode, row: number): number {
  return (37 * index + row) % 256;
}
