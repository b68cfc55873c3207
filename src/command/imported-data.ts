import type { ForeignPolicy } from "../checkpoint/import/imported.ts";
import type { ForeignRobot } from "../checkpoint/import/lerobot-robot.ts";
import type { KnownRobot } from "../checkpoint/import/robot.ts";
import type { FastForm } from "../codec/fast.ts";
import { InputError } from "../input-error.ts";
import type { RecipeDataset } from "../recipe/schema.ts";
import { camerasFor } from "../recipe/suggest/camera.ts";
import type { ImportedData } from "../training/import-run.ts";
import { type Suggested, suggestFor } from "./suggested.ts";
import type { Screen } from "./terminal.ts";

/** What imported weights are given beside their own files. */
export interface ImportedSubject {
  /** Of the run. */
  readonly name: string;
  readonly datasets: readonly string[];
  /** Folder of the tokenizer; `null` where it is not known. */
  readonly tokenizer: string | null;
  /** Folder of the tokenizer of actions; `null` where it is not known. */
  readonly actionTokenizer: string | null;
}

/**
 * Gives imported weights their recipe, and the datasets that they are to have: read as `armature recipe` reads them, but for the
 * policy's own cameras, and normalised as the weights were trained.
 */
export function importedDataFor(subject: ImportedSubject, screen: Screen) {
  const { name, datasets: words, tokenizer } = subject;
  return async (policy: ForeignPolicy, known: KnownRobot): Promise<ImportedData> => {
    const { importedRecipe } = await import("../recipe/suggest/imported.ts");
    const { thisMachine } = await import("../recipe/suggest/machine.ts");
    const machine = thisMachine();
    const actionTokenizer = await actionTokenizerOf(subject.actionTokenizer, policy, known);
    const given = { name, machine, tokenizer, actionTokenizer };
    if (words.length === 0) {
      const recipe = importedRecipe(policy, known, { ...given, data: { root: ".", datasets: [] } });
      return { recipe, members: null };
    }
    const suggested = await suggestFor({ datasets: words, variant: policy.variant, size: "tiny" }, screen);
    const { root } = suggested.recipe.data;
    const datasets = suggested.recipe.data.datasets.map((entry, at) => asReadBy(known.robot, entry, suggested, at));
    const recipe = importedRecipe(policy, known, { ...given, data: { root, datasets } });
    const { mixtureOf } = await import("../recipe/mixture-of.ts");
    const { openMixture } = await import("../mixture/mixture.ts");
    const { membersOf } = await import("../training/checkpoint-facts.ts");
    const open = await openMixture(mixtureOf(recipe));
    await open.close();
    return { recipe, members: membersOf(open.mixture) };
  };
}

/** @throws InputError where the policy says no actions, or others than the tokenizer was fitted to */
async function actionTokenizerOf(
  folder: string | null,
  { variant, actionTokens, horizon }: ForeignPolicy,
  { robot }: KnownRobot,
): Promise<FastForm | null> {
  if (folder === null) return null;
  if (actionTokens === 0)
    throw new InputError(`--action-tokenizer: expected a policy that says its actions, got ${variant}, which does not`);
  const { readFastFor } = await import("../codec/fast-file.ts");
  return await readFastFor(folder, { horizon, dofs: robot.action.names.length });
}

/** A dataset with the cameras of a policy. @throws InputError where its vectors have other widths, or none of the cameras */
function asReadBy(robot: ForeignRobot, entry: RecipeDataset, { datasets }: Suggested, at: number): RecipeDataset {
  const { name, mapping } = entry;
  const [dofs, states] = [mapping.dofs?.length ?? 0, mapping.states?.length ?? 0];
  const [wantedDofs, wantedStates] = [robot.action.names.length, robot.state?.names.length ?? 0];
  if (dofs !== wantedDofs || states !== wantedStates)
    throw new InputError(
      `dataset "${name}": expected ${wantedDofs} dofs and ${wantedStates} state entries, as the statistics of the weights have, got ` +
        `${dofs} and ${states}; import the weights without it, and go on with --init from a recipe like recipes/finetune-pi05.ts`,
    );
  const cameras = camerasFor(`dataset "${name}"`, robot.cameras, datasets[at]!.cameras);
  return { ...entry, mapping: { ...mapping, cameras } };
}
