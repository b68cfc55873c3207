import { type GeneratedDataset, generatedValue } from "../../dataset/generated.ts";
import { openMixture } from "../../mixture/mixture.ts";
import { mixtureOf } from "../../recipe/mixture-of.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { craneDofs, craneRecordings, craneStates } from "../../recipe/testing/cranes.ts";

/** A dof's numbers in its own units are `center + scale · normalised`. */
export interface CraneUnit {
  readonly center: number;
  readonly scale: number;
}

/** The recorded numbers of each frame of a crane's episode, by entry. */
export function craneRows(recording: GeneratedDataset, key: string, episode: number): number[][] {
  const values = [0, 1, 2].map((entry) => generatedValue(recording, key, entry, episode));
  return Array.from({ length: recording.episodeLengths[episode]! }, (_, frame) => values.map((value) => value(frame)));
}

/** What a delta action of a crane's dof is from: the lift's is from the third state, the turn's from the first, the claw's from 0. */
export function craneOrigin(dof: number, state: readonly number[]): number {
  return [state[2]!, 0, state[0]!][dof]!;
}

/**
 * The units of a crane's actions, from the training episodes of both cranes, by naive loops: under "delta" and "mean-std" over each
 * step of each frame's window that its episode has, under "absolute" and "min-max" over each frame.
 */
export async function craneUnits(recipe: Recipe): Promise<CraneUnit[]> {
  const isDelta = recipe.data.actions === "delta";
  const all: number[][] = craneDofs.map(() => []);
  for (const { recording, episode } of await trainingEpisodes(recipe)) {
    const actions = craneRows(recording, "action", episode);
    const states = craneRows(recording, "observation.state", episode);
    for (const [frame, state] of states.entries())
      for (const action of actions.slice(frame, frame + (isDelta ? recipe.policy.actionHorizon : 1)))
        for (const [dof, own] of all.entries()) own.push(action[dof]! - (isDelta ? craneOrigin(dof, state) : 0));
  }
  return all.map(isDelta ? byDeviation : byExtremes);
}

/** The units of a crane's states under "mean-std", over each frame of the training episodes of both cranes. */
export async function craneStateUnits(recipe: Recipe): Promise<CraneUnit[]> {
  const rows = (await trainingEpisodes(recipe)).flatMap(({ recording, episode }) =>
    craneRows(recording, "observation.state", episode),
  );
  return craneStates.map((_, entry) => byDeviation(rows.map((row) => row[entry]!)));
}

async function trainingEpisodes(recipe: Recipe): Promise<{ recording: GeneratedDataset; episode: number }[]> {
  const { mixture, close } = await openMixture(mixtureOf(recipe));
  await close();
  return craneRecordings.flatMap((recording) => {
    const member = mixture.members.find(({ datasetName }) => datasetName === recording.name)!;
    return member.train.episodes.map((episode) => ({ recording, episode }));
  });
}

/** 10⁻⁶ is added to every divisor. */
function byDeviation(values: readonly number[]): CraneUnit {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { center: mean, scale: Math.sqrt(variance) + 1e-6 };
}

function byExtremes(values: readonly number[]): CraneUnit {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return { center: (low + high) / 2, scale: (high - low) / 2 + 1e-6 };
}
