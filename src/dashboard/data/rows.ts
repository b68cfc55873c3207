import type { EpisodeTable } from "../../dataset/dataset.ts";
import type { ActionFrame } from "../../embodiment/delta.ts";
import { normalize } from "../../embodiment/normalize.ts";
import { actionsFrom, type Trajectory, trajectory } from "../../embodiment/window.ts";
import { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import { Padded } from "../../validity/padded.ts";
import { Validity } from "../../validity/validity.ts";
import type { OpenData, ShownDataset } from "./open-data.ts";

/** Numbers as they are recorded, or as a policy reads them. */
export const scales = ["raw", "normalised"] as const;

export type Scale = (typeof scales)[number];

/** The vectors of an episode at each of its rows, `[i j]`, in the robot's own order. */
export interface EpisodeVectors {
  readonly actions: ArrayLike<number>;
  readonly states: ArrayLike<number>;
}

/**
 * The vectors of an episode.
 *
 * A normalised action is the first of the window that a sample of its row has: relative to the row's state where actions are deltas.
 *
 * @throws InputError where there is no robot, no unit scale, or rows cannot be read
 */
export function episodeVectors(
  { recipe }: Pick<OpenData, "recipe">,
  { name, embodiment, units, dataset }: ShownDataset,
  { table, scale }: { readonly table: EpisodeTable; readonly scale: Scale },
): EpisodeVectors {
  if (embodiment === null || dataset === null)
    throw new InputError(`dataset "${name}": expected columns that make up a robot, got none that its mapping fits`);
  const path = trajectory(table, embodiment, dataset.framesPerSecond);
  if (scale === "raw") return { actions: path.actions.cells, states: path.states.cells };
  if (units === null || recipe === null)
    throw new InputError(`dataset "${name}": expected statistics to normalise with, got none as it does not train`);
  return {
    actions: normalize(firstActions(path, recipe.data.actions), units.action).read(({ cells }) => cells),
    states: normalize(whole(path.states), units.state).read(({ cells }) => cells),
  };
}

function whole(rows: HostArray<"i j", "float64">): Padded<"i j", "float64", "i"> {
  return Padded.of(rows, Validity.complete("i", [rows.shape[0]!]));
}

/** The first action of each row's window. */
function firstActions(path: Trajectory, frame: ActionFrame): Padded<"i j", "float64", "i"> {
  const { actions } = path;
  if (frame === "absolute") return whole(actions);
  const width = actions.shape[1]!;
  const cells = actions.cells.slice();
  for (let row = 0; row < actions.shape[0]!; row++) {
    const first = actionsFrom(path, row, { steps: 1, rate: "native", frame, pastEnd: "nothing" });
    first.read((own) => cells.set(own.cells, row * width));
  }
  return whole(new HostArray("i j", actions.shape, "float64", cells));
}
