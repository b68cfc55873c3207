import { InputError } from "../input-error.ts";
import type { PolicySizeName } from "../policy/size.ts";
import type { VariantName } from "../policy/variant.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { Note } from "../recipe/suggest/note.ts";
import { gotInstead, isDataset, suggestFor } from "./suggested.ts";
import { suggestionTable } from "./suggestion-table.ts";
import type { Terminal } from "./terminal.ts";

/** What says what is trained. */
export interface SubjectChoice {
  /** A recipe, a run, or datasets. */
  readonly subjects: readonly string[];
  /** Of a recipe that is written for datasets; `null` as `armature recipe` has it. */
  readonly policy: VariantName | null;
  readonly size: PolicySizeName | null;
  readonly resume: boolean;
  /** Run whose weights it begins with; `null` for none. */
  readonly init: string | null;
}

/** A recipe, and how it came about. */
export interface TrainingSubject {
  /** How the user wrote it, where it is one thing. */
  readonly name: string;
  readonly recipe: Recipe;
  /** What was guessed of it, on rank 0; `null` where it is the user's own. */
  readonly notes: readonly Note[] | null;
  /** What was matched, for people; empty where nothing was. */
  readonly table: string;
}

/**
 * The recipe that is to be trained: the user's own, or one for datasets, which rank 0 writes for all.
 *
 * @throws InputError where recipes and datasets are mixed, or options do not belong to what is given
 */
export async function subjectOf(world: World, given: SubjectChoice, { err }: Terminal): Promise<TrainingSubject> {
  const { subjects, policy, size, resume } = given;
  const [name = "", ...others] = subjects;
  if (others.length === 0 && !isDataset(name)) return await ownRecipe(name, given);
  const stranger = subjects.find((subject) => !isDataset(subject));
  if (stranger !== undefined)
    throw new InputError(
      `train: expected one recipe or run, or datasets alone (folders with meta/info.json), got ${stranger}: ${await gotInstead(stranger)}`,
    );
  if (resume) throw new InputError(`--resume: expected the folder of the run to continue, got datasets`);
  if (world.rank > 0) return { name, recipe: await shared(world, null), notes: null, table: "" };
  const request = { datasets: subjects, variant: policy ?? "pi0", size: size ?? "tiny" } as const;
  const suggested = await suggestFor(request, err);
  return {
    name,
    recipe: await shared(world, suggested.recipe),
    notes: suggested.notes,
    table: suggestionTable(suggested),
  };
}

async function ownRecipe(name: string, { policy, size, init }: SubjectChoice): Promise<TrainingSubject> {
  const { isRecipeOrRun, loadRecipe } = await import("../recipe/file.ts");
  if (!(await isRecipeOrRun(name)))
    throw new InputError(
      `${name}: expected a recipe, a run (a folder with recipe.json) or a LeRobot dataset (one with meta/info.json), got ${await gotInstead(name)}`,
    );
  const choice = Object.entries({ policy, size }).find(([, value]) => value !== null);
  if (choice !== undefined) {
    const key = choice[0] === "policy" ? "variant" : "size";
    throw new InputError(
      `--${choice[0]}: expected datasets with it, got a recipe; write --set policy.${key}=${choice[1]}`,
    );
  }
  return { name, recipe: await loadRecipe(name, init), notes: null, table: "" };
}

/** The recipe of rank 0, on every rank. */
async function shared(world: World, own: Recipe | null): Promise<Recipe> {
  const { parseRecipe } = await import("../recipe/file.ts");
  const bytes = await world.broadcast("recipe for datasets", new TextEncoder().encode(JSON.stringify(own)));
  return parseRecipe("recipe for datasets", JSON.parse(new TextDecoder().decode(bytes)));
}
