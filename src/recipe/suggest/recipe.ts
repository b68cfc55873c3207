import { soundConventions } from "../../checkpoint/conventions.ts";
import { saysState } from "../../codec/prompt-format.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import { type Augmentation, usualAugmentation } from "../../embodiment/augment.ts";
import { embody } from "../../embodiment/mapping.ts";
import type { PolicySizeName } from "../../policy/size.ts";
import { type VariantName, variants } from "../../policy/variant.ts";
import type { Recipe, RecipeDataset } from "../schema.ts";
import { promptFormatOf } from "../text.ts";
import { oneRobotEach } from "./group.ts";
import { type Rows, reasons } from "./look.ts";
import { microBatchFor, type TrainingMachine } from "./machine.ts";
import { type SuggestedMapping, suggestMapping } from "./mapping.ts";
import { type Note, notesBelow } from "./note.ts";
import { promptTokensFor } from "./prompt.ts";
import { type MatchedView, matchViews } from "./view.ts";

/** A dataset that has been opened and looked through. */
export interface LookedAt {
  readonly dataset: Dataset;
  /** As the recipe names it, below `root` or at `hf://`. */
  readonly location: string;
  readonly rows: Rows;
}

/** What is for the user to choose. */
export interface SuggestionChoice {
  /** Folder of the datasets' folders. */
  readonly root: string;
  readonly variant: VariantName;
  readonly size: PolicySizeName;
  readonly machine: TrainingMachine;
}

/** A recipe that trains as it is, with what was guessed in it and how cameras were matched. */
export interface Suggestion {
  readonly recipe: Recipe;
  readonly notes: readonly Note[];
  readonly views: readonly MatchedView[];
}

/**
 * A recipe for datasets: widths counted, entries mapped by name, cameras matched across datasets.
 *
 * @param found whose datasets have different names
 * @throws InputError where a dataset has no actions, or its columns do not make up a robot
 */
export async function suggestRecipe(found: readonly LookedAt[], choice: SuggestionChoice): Promise<Suggestion> {
  const views = matchViews(
    found.map(({ dataset: { name, cameras, modality } }) => {
      return { name, cameras, names: new Map(modality.videos.map((video) => [video.key, video.name])) };
    }),
  );
  const names = views.map(({ view }) => view);
  const suggested = await Promise.all(found.map(({ dataset, rows }) => suggestMapping(dataset, rows)));
  const told = oneRobotEach(found.map(({ dataset }, at) => ({ dataset, ...suggested[at]! })));
  const members = found.map((one, at) => memberFor(one, withCameras(told[at]!, one.dataset.name, views), at));
  for (const [at, { entry }] of members.entries()) embody(entry.mapping, found[at]!.dataset, names);
  const datasets = members.map(({ entry }) => entry);
  const { variant, size, root, machine } = choice;
  const sizes = { views: names, ...widthsOf(datasets), ...promptTokensFor(variants[variant].prompt, datasets, found) };
  const history = { slots: 1, interval: 1, dropout: 0 };
  const policy = { variant, size, parts: null, ...sizes, actionHorizon, history };
  const { recipe, rowBytes } = recipeAround(datasets, policy, { root, machine, augmentation: augmentationFor(views) });
  const notes = notesAround(recipe, machine, rowBytes);
  return { recipe, notes: [...notes, ...members.flatMap((member) => member.notes)], views };
}

function withCameras(suggested: SuggestedMapping, name: string, views: readonly MatchedView[]): SuggestedMapping {
  const cameras = views.flatMap(({ view, keys }) => (keys.has(name) ? [[view, keys.get(name)!] as const] : []));
  return { ...suggested, mapping: { ...suggested.mapping, cameras: Object.fromEntries(cameras) } };
}

function memberFor({ dataset, location, rows }: LookedAt, { mapping, notes }: SuggestedMapping, at: number) {
  const isSingle = rows.episodes.length < 2;
  const entry: RecipeDataset = {
    name: dataset.name,
    source: { kind: "lerobot", location, taskAnnotation: "declared" },
    episodes: rows.leftOut.length === 0 ? "all" : rows.episodes.map(({ index }) => index),
    role: isSingle ? "train" : "both",
    weight: 1,
    mapping,
  };
  const own: Note[] = [];
  const { episodes, listedEpisodes } = dataset;
  if (episodes.length < listedEpisodes)
    own.push({
      path: "episodes",
      text: `${episodes.length} of the ${listedEpisodes} that are listed have their files here`,
    });
  if (rows.leftOut.length > 0) own.push({ path: "episodes", text: `left out: ${reasons(rows.leftOut)}` });
  if (isSingle) own.push({ path: "role", text: "one episode: nothing is left to hold out for validation" });
  const path = `data.datasets.${at}`;
  return { entry, notes: [...notesBelow(path, own), ...notesBelow(`${path}.mapping`, notes)] };
}

/** Slots for the widest robot; one where no robot has any. */
function widthsOf(datasets: readonly RecipeDataset[]) {
  const widest = (widths: readonly number[]) => Math.max(1, ...widths);
  return {
    actionWidth: widest(datasets.map(({ mapping }) => mapping.dofs?.length ?? 0)),
    stateWidth: widest(datasets.map(({ mapping }) => mapping.states?.length ?? 0)),
  };
}

/** The usual one, which turns no picture of a camera that moves with a hand. */
function augmentationFor(views: readonly MatchedView[]): Augmentation | null {
  if (views.length === 0) return null;
  const colourOnly = views.filter(({ isAtWrist }) => isAtWrist).map(({ view }) => view);
  const isKnown = colourOnly.every((view) => usualAugmentation.colourOnly.includes(view));
  return isKnown ? usualAugmentation : { ...usualAugmentation, colourOnly };
}

const batchSize = 16;
const actionHorizon = 16;
const optimizer: Recipe["optimizer"] = {
  schedule: "cosine",
  steps: 3000,
  warmup: 50,
  peak: 5e-4,
  final: 5e-5,
  betas: [0.9, 0.95],
  epsilon: 1e-8,
  weightDecay: 1e-10,
  clip: 1,
  ema: 0.99,
  frozen: [],
};

/** What neither datasets nor policy decide. */
export interface Surroundings extends Pick<SuggestionChoice, "root" | "machine"> {
  readonly augmentation: Augmentation | null;
}

/**
 * Everything beside datasets and policy: what trains four real robots in `recipes/real-mixture.ts`, at the sizes of these; and the
 * bytes that a row of a micro-batch takes, as far as one can say.
 */
export function recipeAround(
  datasets: readonly RecipeDataset[],
  policy: Recipe["policy"],
  { root, machine, augmentation }: Surroundings,
): { readonly recipe: Recipe; readonly rowBytes: number } {
  const row = { ...policy, views: policy.views.length };
  const { rows: microBatch, rowBytes } = microBatchFor(machine, batchSize, row);
  const isHeldOut = datasets.some(({ role }) => role === "both");
  const recipe: Recipe = {
    name: nameOf(datasets),
    seed: 1,
    threads: machine.cores,
    device: "cpu",
    reduction: "samples",
    supervision: "moving",
    conventions: soundConventions,
    data: {
      root,
      workers: 1,
      pictureMemoryBytes: 128 * 2 ** 20,
      rate: "native",
      // Bins of a state that a prompt says go from −1 to 1.
      normalization: saysState(promptFormatOf(policy)) ? "quantile" : "mean-std",
      actions: "absolute",
      augmentation,
      datasets,
    },
    batch: { size: batchSize, microBatch, shapes: "fit" },
    validation: {
      everySteps: isHeldOut ? 100 : 0,
      microBatch: Math.max(2, microBatch),
      ratio: 0.2,
      framesPerMember: 64,
      draws: 1,
      weights: "ema",
    },
    policy,
    optimizer,
    checkpoint: { everySteps: 100, keepLast: 2 },
    audit: { everySteps: 0 },
  };
  return { recipe, rowBytes };
}

function notesAround({ data, batch, policy }: Recipe, { memoryBytes }: TrainingMachine, rowBytes: number): Note[] {
  const hasPairs = data.datasets.some(({ mapping }) => mapping.dofs?.some(({ state }) => state !== null));
  const memory = `${gigabytes(memoryBytes)} of memory were free, and a row takes about ${megabytes(rowBytes)}`;
  const fits = batch.microBatch * rowBytes <= memoryBytes / 2;
  const deltas = hasPairs
    ? '"delta" learns each dof relative to the state entry that it names below'
    : '"delta" would change nothing: no dof names a state entry';
  return [
    { path: "threads", text: "every core of the machine that wrote this" },
    { path: "data.root", text: "where the locations of the datasets begin" },
    { path: "data.actions", text: deltas },
    { path: "batch.size", text: "a guess: samples of a step" },
    { path: "batch.microBatch", text: fits ? memory : `${memory}: it may not fit; take a smaller policy.size` },
    { path: "policy.views", text: `${policy.views.length} views that the cameras above are matched to` },
    { path: "policy.actionHorizon", text: "a guess: steps of a chunk, at each dataset's own rate" },
    { path: "policy.actionWidth", text: "counted: the widest robot's dofs, and its state entries" },
    { path: "policy.promptTokens", text: "counted: room for the longest instruction, a token a byte" },
    { path: "optimizer.steps", text: "a guess; also of the schedule. --steps stops earlier" },
  ];
}

function nameOf(datasets: readonly RecipeDataset[]): string {
  const [first] = datasets.map(({ name }) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-"));
  const plain = (first ?? "").replace(/^-|-$/g, "") || "dataset";
  return datasets.length === 1 ? plain : `${plain}-and-${datasets.length - 1}-more`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
