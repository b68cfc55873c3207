import type { DatasetNote, DatasetProblem } from "../../dataset/problem.ts";
import { inspectDataset } from "../../dataset/read/validate.ts";
import { InputError } from "../../input-error.ts";
import type { ShownDataset } from "./open-data.ts";

/** What `armature inspect` finds in a dataset. */
export interface InspectionJson {
  readonly dataset: string;
  readonly problems: readonly DatasetProblem[];
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
  return { dataset: name, problems, notes, pictures };
}
