import type { DatasetNote, DatasetProblem } from "../../dataset/problem.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { InputError } from "../../input-error.ts";
import type { ShownDataset } from "./open-data.ts";

/** A problem, and the row of the recording that it is about, as far as it names one. */
export interface ProblemJson extends DatasetProblem {
  readonly episode: number | null;
  readonly row: number | null;
}

/** What `armature inspect` finds in a dataset. */
export interface InspectionJson {
  readonly dataset: string;
  readonly problems: readonly ProblemJson[];
  readonly notes: readonly DatasetNote[];
  readonly pictures: { readonly decoded: number; readonly here: number };
}

/**
 * What is wrong with a dataset, also with one that cannot be opened: each row read, the first and the last picture of each episode decoded.
 *
 * @throws InputError where it is not on this disk
 */
export async function inspection({ name, folder, problem }: ShownDataset): Promise<InspectionJson> {
  if (folder === null)
    throw new InputError(
      problem ?? `dataset "${name}": expected a folder to inspect, got one that is made from a formula`,
    );
  const { problems, notes, pictures } = await inspectDataset(folder, name, () => {}, "ends");
  return { dataset: name, problems: problems.map(placed), notes, pictures };
}

/** Problems name their place in words: "frame 3 of episode 7", "row 3 of episode 7", "episode 7, by 0.5 s at frame 3", or an episode's file. */
function placed(problem: DatasetProblem): ProblemJson {
  const { path, message } = problem;
  const both = /\b(?:frame|row) (?<row>\d+) of episode (?<episode>\d+)/.exec(message);
  const episode = both ?? /\bepisode (?<episode>\d+)/.exec(message) ?? /episode_(?<episode>\d+)\./.exec(path);
  const row = both ?? /\bat (?:frame|row) (?<row>\d+)/.exec(message);
  return { ...problem, episode: numberIn(episode, "episode"), row: episode === null ? null : numberIn(row, "row") };
}

function numberIn(found: RegExpExecArray | null, name: string): number | null {
  const text = found?.groups?.[name];
  return text === undefined ? null : Number(text);
}
