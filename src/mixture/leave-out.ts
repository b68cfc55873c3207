import type { Dataset } from "../dataset/dataset.ts";
import { ranges } from "../dataset/problem.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { trajectory } from "../embodiment/window.ts";
import { InputError } from "../input-error.ts";
import { movingSpan, restingProblem, type TrimIdle, thresholdsOf } from "./idle.ts";

/** Which episodes of a dataset are wanted: all that are here, these, or all but these. */
export type EpisodeChoice = "all" | readonly number[] | { readonly allBut: readonly number[] };

/** What becomes of an episode that something is wrong with: the dataset is refused, or the episode left out. */
export type OnProblem = "refuse" | "leave out";

/** The episodes that a recipe does without, by its own choice. */
export interface LeftOut {
  readonly episodes: readonly number[];
  /** Why, with how many. */
  readonly reasons: readonly string[];
}

/** What decides on the episodes that are left out. */
export interface LeavingOut {
  readonly choice: EpisodeChoice;
  readonly onProblem: OnProblem;
  /** `null` where nothing is trimmed; else an episode that never moves has a problem. */
  readonly trimIdle: TrimIdle | null;
}

/** What a dataset is opened with before episodes are left out of it. */
export function openedEpisodes(choice: EpisodeChoice): "all" | readonly number[] {
  return isAllBut(choice) ? "all" : choice;
}

function isAllBut(choice: EpisodeChoice): choice is { readonly allBut: readonly number[] } {
  return choice !== "all" && "allBut" in choice;
}

/**
 * The episodes of an open dataset that a recipe leaves out: those that it lists so, and under "leave out" those that cannot be trained on.
 *
 * Under "leave out" every row in use is read, and the first picture of each episode by each camera.
 *
 * @throws InputError where no episode is left
 */
export async function episodesLeftOut(
  dataset: Dataset,
  embodiment: Embodiment,
  { choice, onProblem, trimIdle }: LeavingOut,
): Promise<LeftOut> {
  const named = isAllBut(choice) ? new Set(choice.allBut) : new Set<number>();
  const chosen = dataset.episodes.filter(({ index }) => named.has(index)).map(({ index }) => index);
  const bad = new Map<number, string>();
  if (onProblem === "leave out")
    for (const { index } of dataset.episodes) {
      const problem = named.has(index) ? null : await problemOf(dataset, embodiment, { episode: index, trimIdle });
      if (problem !== null) bad.set(index, problem);
    }
  const episodes = [...chosen, ...bad.keys()];
  const first = [...bad.values()][0];
  if (episodes.length === dataset.episodes.length)
    throw new InputError(
      `dataset "${dataset.name}": expected episodes that are not left out, got none${first === undefined ? "" : `: ${first}`}`,
    );
  return {
    episodes,
    reasons: [
      ...(chosen.length > 0 ? [`${chosen.length} by the recipe's list (${ranges(chosen)})`] : []),
      ...(first === undefined ? [] : [`${bad.size} with problems (${ranges([...bad.keys()])}), the first: ${first}`]),
    ],
  };
}

/** What keeps an episode from being trained on; `null` where nothing does. */
async function problemOf(
  dataset: Dataset,
  embodiment: Embodiment,
  { episode, trimIdle }: { readonly episode: number; readonly trimIdle: TrimIdle | null },
): Promise<string | null> {
  try {
    const table = await dataset.table(episode);
    const path = trajectory(table, embodiment, dataset.framesPerSecond);
    if (trimIdle !== null && movingSpan(path, thresholdsOf(dataset.name, embodiment, trimIdle), trimIdle.keep) === null)
      return restingProblem([episode]);
    const silent = embodiment.columns.prompt.kind === "task" ? table.tasks.indexOf(null) : -1;
    if (silent >= 0) return `expected an instruction at frame ${silent} of episode ${episode}, got none`;
    for (const { key } of embodiment.cameras)
      if (key !== null) await dataset.picture(key, episode, 0, { height: 8, width: 8 });
    return null;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
