import type { Units } from "../../batch/maker.ts";
import type { Manifest } from "../../checkpoint/manifest.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import type { Embodiment } from "../../embodiment/embodiment.ts";
import { asFound, embody } from "../../embodiment/mapping.ts";
import { InputError } from "../../input-error.ts";
import { type Member, openMixtureAsSplit } from "../../mixture/mixture.ts";
import { openSource } from "../../mixture/source.ts";
import { below } from "../../recipe/data-schema.ts";
import { mixtureOf } from "../../recipe/mixture-of.ts";
import { loadPlanOf, type Plan, planOf, planUnder } from "../../recipe/plan.ts";
import type { Recipe, RecipeDataset } from "../../recipe/schema.ts";
import { storedSplits } from "../../recipe/stored-split.ts";
import type { DataSubject } from "./subject.ts";

/** One dataset as a page shows it: as far as it can be read. */
export interface ShownDataset {
  readonly name: string;
  readonly controlMode: string;
  /** Where it lies; `null` where it is not on this disk. */
  readonly folder: string | null;
  /** Trimmed as training reads it; `null` where it cannot be opened. */
  readonly dataset: Dataset | null;
  /** `null` where its columns make up no robot. */
  readonly embodiment: Embodiment | null;
  /** How its numbers are normalised; `null` where they cannot be. */
  readonly units: Units | null;
  /** Which of its frames are trained on and held out; `null` where it does not train. */
  readonly member: Member | null;
  /** What keeps it from being read or trained on; `null` where nothing does. */
  readonly problem: string | null;
}

/** The data of a recipe, opened. */
export interface OpenData {
  /** `null` where a dataset was given that no recipe can be written for. */
  readonly recipe: Recipe | null;
  /** As training has it; `null` where the recipe does not train. */
  readonly plan: Plan | null;
  readonly problem: string | null;
  readonly datasets: readonly ShownDataset[];
  close(): Promise<void>;
}

/** Decoded pictures of all datasets are kept up to this many bytes, so that going back and forth decodes nothing anew. */
const pictureMemoryBytes = 256 << 20;

/**
 * The datasets of a subject as its training reads them; where one of them keeps it from training, each by itself, as far as it goes.
 *
 * @param cache folder for what has been measured
 */
export async function openData(subject: DataSubject, cache: string): Promise<OpenData> {
  if (subject.kind === "dataset") {
    const { entry, problem } = subject;
    const alone = [await openAlone(entry, ".", [], problem)];
    return { recipe: null, plan: null, problem, datasets: alone, close: () => closeAll(alone) };
  }
  const { recipe, manifest } = subject;
  try {
    return await openWhole(recipe, manifest, cache);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return await openEach(recipe, { manifest, cache, problem: error.message });
  }
}

/** @throws InputError with everything that keeps the recipe from training */
async function openWhole(recipe: Recipe, manifest: Manifest | null, cache: string): Promise<OpenData> {
  const description = mixtureOf(recipe);
  const share = Math.floor(pictureMemoryBytes / description.entries.length);
  const splits = manifest === null ? new Map() : storedSplits(manifest, recipe);
  const open = await openMixtureAsSplit({ ...description, pictureMemoryBytes: share }, splits);
  try {
    const plan = await (manifest === null ? planOf(recipe, open, cache) : planUnder(manifest, recipe, open, cache));
    const { units } = loadPlanOf(plan);
    const datasets = plan.mixture.members.map((member, at): ShownDataset => {
      return {
        name: member.datasetName,
        controlMode: member.controlModeName,
        folder: open.datasets[at]!.root || null,
        dataset: open.datasets[at]!,
        embodiment: member.embodiment,
        units: units[at]!,
        member,
        problem: null,
      };
    });
    return { recipe, plan, problem: null, datasets, close: () => open.close() };
  } catch (error) {
    await open.close();
    throw error;
  }
}

/** The dataset of one that is shown. @throws InputError where it cannot be opened, with why */
export function openedOf({ name, dataset, problem }: ShownDataset): Dataset {
  if (dataset === null) throw new InputError(problem ?? `dataset "${name}": expected one that can be opened, got none`);
  return dataset;
}

/** Rows of an episode. @throws InputError where the dataset has none of that number, or cannot be opened */
export function lengthOfEpisode(shown: ShownDataset, episode: number): number {
  const length = openedOf(shown).episodes.find(({ index }) => index === episode)?.length;
  if (length === undefined)
    throw new InputError(`dataset "${shown.name}": expected an episode that is in use, got ${episode}`);
  return length;
}

interface Each {
  readonly manifest: Manifest | null;
  readonly cache: string;
  /** Of the recipe as a whole. */
  readonly problem: string;
}

/** Each dataset by itself: as a recipe of its own where it is one, else as far as it can be read. */
async function openEach(recipe: Recipe, { manifest, cache, problem }: Each): Promise<OpenData> {
  const { root, datasets: entries } = recipe.data;
  const opened = await Promise.all(
    entries.map(async (entry) => {
      const own = { ...recipe, data: { ...recipe.data, datasets: [{ ...entry, weight: null }] } };
      try {
        if (entries.length === 1) throw new InputError(problem);
        const { datasets, close } = await openWhole(own, manifest, cache);
        return { datasets, close };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        const alone = [await openAlone(entry, root, recipe.policy.views, error.message)];
        return { datasets: alone, close: () => closeAll(alone) };
      }
    }),
  );
  const close = async () => {
    await Promise.all(opened.map((one) => one.close()));
  };
  return { recipe, plan: null, problem, datasets: opened.flatMap(({ datasets }) => datasets), close };
}

/** A dataset that does not train, with why. */
async function openAlone(
  { name, source, mapping }: RecipeDataset,
  root: string,
  views: readonly string[],
  problem: string,
): Promise<ShownDataset> {
  const nothing = { units: null, member: null };
  const own = below(root, source);
  const isHere = own.kind === "lerobot" && !own.location.startsWith("hf://");
  const said = { name, controlMode: mapping.controlMode, folder: isHere ? own.location : null, ...nothing };
  try {
    const dataset = await openSource(own, { name, episodes: "all", pictureMemoryBytes });
    const embodiment = embodied(() => embody(mapping, dataset, views)) ?? embodied(() => plain(mapping, dataset));
    return { ...said, folder: dataset.root || null, dataset, embodiment, problem };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...said, dataset: null, embodiment: null, problem: error.message };
  }
}

/** Columns by their usual names, where the recipe's mapping does not fit. */
function plain({ controlMode }: RecipeDataset["mapping"], dataset: Dataset): Embodiment {
  return embody({ ...asFound, controlMode }, dataset, []);
}

function embodied(make: () => Embodiment): Embodiment | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

async function closeAll(datasets: readonly ShownDataset[]): Promise<void> {
  await Promise.all(datasets.map(({ dataset }) => dataset?.close()));
}
