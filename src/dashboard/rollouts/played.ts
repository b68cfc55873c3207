import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLibav } from "../../dataset/libav.ts";
import { findPolicy } from "../../serving/load.ts";
import { rollOutFound, type Score } from "../../serving/roll-out.ts";
import { rolloutChoiceOf } from "./robots.ts";

/** Which starts are rolled out. */
export interface PlayedChoice {
  /** Of the policy's robots. */
  readonly number: number;
  readonly episodes: number;
  readonly seed: number;
}

/** How a run's policy did in closed loop, as `armature rollout` says it. */
export interface PlayedStartsJson {
  readonly robot: string;
  readonly dataset: string;
  readonly seed: number;
  /** Of the checkpoint. */
  readonly step: number;
  readonly episodes: number;
  readonly successes: number;
  readonly score: Score;
  readonly rollouts: readonly { readonly episode: number; readonly isSuccess: boolean; readonly steps: number }[];
  /** The first so many are filmed; 0 where the package that writes videos is not installed. */
  readonly filmed: number;
}

/** The same, with its films. */
export interface PlayedFilms {
  readonly played: PlayedStartsJson;
  readonly films: readonly Uint8Array[];
}

/** So many starts are filmed. */
const filmed = 4;

/** Rolls out the policy of a run's newest checkpoint. Films are made in a folder that goes away. @throws InputError as `rollOutFound` */
export async function playRun(run: string, { number, episodes, seed }: PlayedChoice): Promise<PlayedFilms> {
  const policy = await findPolicy(run);
  const choice = rolloutChoiceOf(policy, number, { episodes, seed });
  const folder = await mkdtemp(join(tmpdir(), "armature-films-"));
  try {
    const hasFilms = (await loadLibav()) !== null;
    const films = hasFilms ? { folder, episodes: filmed } : null;
    const found = await rollOutFound(policy, null, { ...choice, films }, unwatched);
    const { rollouts, score, successes } = found;
    if (score === null) throw new RangeError("playRun: expected rollouts, got none");
    const read = await Promise.all(found.films.map((path) => readFile(path)));
    const shown = rollouts.map(({ episode, isSuccess, steps }) => ({ episode, isSuccess, steps }));
    const { name } = choice.design;
    const said = { robot: name, dataset: found.robot.dataset, seed, step: policy.step, episodes, successes, score };
    return { played: { ...said, rollouts: shown, filmed: read.length }, films: read };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const unwatched = { finished: () => {}, isStopped: () => false };
