import type { DatasetNote, DatasetProblem } from "../../dataset/problem.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { InputError } from "../../input-error.ts";
import type { ShownDataset } from "./open-data.ts";

/** A problem, and where episodes are shown without the idle rows at their ends. */
export interface ShownProblem extends DatasetProblem {
  /** Its row, counted from the first that is shown of the episode; `null` where it is about no row, or that row is not shown. */
  readonly shownRow: number | null;
  /** Whether its row is idle and trimmed. */
  readonly isTrimmed: boolean;
}

/** What `armature inspect` finds in a dataset. */
export interface InspectionJson {
  readonly dataset: string;
  readonly problems: readonly ShownProblem[];
  readonly notes: readonly DatasetNote[];
  readonly pictures: { readonly decoded: number; readonly here: number };
}

/**
 * What is wrong with a dataset, also with one that cannot be opened: each row read, the first and the last picture of each episode decoded.
 *
 * @throws InputError where it is not on this disk
 */
export async function inspection(shown: ShownDataset): Promise<InspectionJson> {
  const { name, folder, problem } = shown;
  if (folder === null)
    throw new InputError(
      problem ?? `dataset "${name}": expected a folder to inspect, got one that is made from a formula`,
    );
  const { problems, notes, pictures } = await inspectDataset(folder, name, () => {}, "ends");
  return { dataset: name, problems: problems.map((one) => ({ ...one, ...placeOf(one, shown) })), notes, pictures };
}

function placeOf(
  { episode, row }: DatasetProblem,
  { dataset, member }: ShownDataset,
): Pick<ShownProblem, "shownRow" | "isTrimmed"> {
  const length = dataset?.episodes.find(({ index }) => index === episode)?.length;
  if (row === undefined || length === undefined) return { shownRow: null, isTrimmed: false };
  const at = row - (member?.spans.find((span) => span.episode === episode)?.first ?? 0);
  const isTrimmed = at < 0 || at >= length;
  return { shownRow: isTrimmed ? null : at, isTrimmed };
}
