import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Dataset, EpisodeTable } from "../../dataset/dataset.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { writtenSource } from "../../dataset/write/recording-state.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { ActionChunk, ActionRequest } from "../action.ts";
import { rulesOf } from "../action-rules.ts";
import { chunkingOf } from "../chunking.ts";
import { type ActionRules, guarded } from "../guard.ts";
import type { ActionRows } from "../limit.ts";
import { loadPolicy } from "../load.ts";
import type { LoadedPolicy } from "../policy.ts";
import { Batcher } from "../protocol/batcher.ts";
import { Refusal } from "../refusal.ts";
import type { ServedRobot } from "../robot.ts";
import { type SmoothingChoice, TemporalEnsemble } from "../smoothing.ts";
import { ActionDifferences, type DofDifference } from "./action-difference.ts";
import { type RecordedSession, readFrame, recordedSessions } from "./recorded-session.ts";
import { type RecordingSource, recordingSourceSchema } from "./recording-source.ts";

/** How a policy's answers today compare with those of a recording. */
export interface ReplayedRecording {
  readonly folder: string;
  readonly robot: string;
  readonly checkpoint: string;
  readonly step: number;
  /** Whether it is the policy that answered when it was recorded, on pictures that lost nothing. */
  readonly isSame: boolean;
  readonly sessions: number;
  /** Answers that were asked for again, and those of them that are equal to the bit. */
  readonly answers: number;
  readonly equal: number;
  /** Answers that the guard refuses today. */
  readonly refused: number;
  /** Frames of which no beginning of their session is recorded here. */
  readonly leftOut: number;
  readonly dofs: readonly DofDifference[];
}

/** The recordings of a folder: itself, or those in it. @throws InputError where there is none */
export async function recordingsIn(folder: string): Promise<string[]> {
  const isRecording = (path: string) => existsSync(join(path, "meta", "recording.json"));
  if (isRecording(folder)) return [folder];
  const names = existsSync(folder) ? await readdir(folder) : [];
  const found = names
    .sort()
    .map((name) => join(folder, name))
    .filter(isRecording);
  if (found.length === 0)
    throw new InputError(`${folder}: expected a recording of "serve --record", or a folder of them, got none`);
  return found;
}

/**
 * Asks a policy again what was asked when a recording was made, each question with what its session had seen and carried out by then.
 *
 * @param run another run; `null` for the checkpoint that answered then
 * @param seen told how many answers are there, and of how many
 * @throws InputError where it is no recording of a server, or the run does not act for its robot
 */
export async function replayRecording(
  folder: string,
  run: string | null,
  seen: (done: number, total: number) => void,
): Promise<ReplayedRecording> {
  const written = await writtenSource(folder);
  const source = parseInput(join(folder, "meta/recording.json"), recordingSourceSchema, written?.source);
  const policy = await loadPolicy(run ?? source.checkpoint, {
    robots: source.rows,
    machine: "as trained",
    brokenAnswers: source.brokenAnswers,
    chunking: chunkingOf(source.chunking),
    weightKind: source.weights,
  });
  const dataset = await openDataset(folder, {
    name: basename(folder),
    episodes: "all",
    taskAnnotation: "declared",
    pictureMemoryBytes: 0,
  });
  try {
    const robot = robotOf(policy, source, dataset);
    const isExact = written?.codec === "h264-lossless" || dataset.cameras.length === 0;
    const { smoothing = null } = source;
    const how = { rules: rulesOf(robot, source.safety), smoothing };
    const found = await new Replay(policy, robot, dataset, how).run(seen);
    const { checkpoint, step } = policy;
    const isSame = isExact && (run === null || checkpoint === source.checkpoint);
    return { folder, robot: robot.name, checkpoint, step, isSame, ...found };
  } finally {
    await dataset.close();
    policy.release();
  }
}

/** @throws InputError where the policy acts for no such robot, or for one of other dofs */
function robotOf(policy: LoadedPolicy, { dataset, controlMode }: RecordingSource, recorded: Dataset): ServedRobot {
  const robot = policy.robot({ dataset, controlMode });
  const names = (key: string) => (recorded.features.get(key)?.names ?? []).join(", ");
  const { dofs, states } = robot.embodiment;
  for (const [key, own] of Object.entries({ action: dofs, "observation.state": states })) {
    const trained = own.map(({ name }) => name).join(", ");
    if (trained !== names(key))
      throw new InputError(`${recorded.root}: expected "${key}" of ${robot.name} (${trained}), got ${names(key)}`);
  }
  return robot;
}

/** What becomes of a policy's chunks before they leave. */
interface LeavingRules {
  readonly rules: ActionRules;
  /** `null` where chunks are not averaged. */
  readonly smoothing: SmoothingChoice | null;
}

/** One recording that is asked again. */
class Replay {
  readonly #policy: LoadedPolicy;
  readonly #robot: ServedRobot;
  readonly #dataset: Dataset;
  readonly #how: LeavingRules;
  readonly #batcher: Batcher<ActionRequest, ActionChunk>;
  readonly #differences: ActionDifferences;
  #refused = 0;

  constructor(policy: LoadedPolicy, robot: ServedRobot, dataset: Dataset, how: LeavingRules) {
    this.#policy = policy;
    this.#robot = robot;
    this.#dataset = dataset;
    this.#how = how;
    this.#batcher = new Batcher(policy);
    this.#differences = new ActionDifferences(robot.embodiment.dofs);
  }

  async run(seen: (done: number, total: number) => void) {
    const { sessions, answers, leftOut } = await recordedSessions(this.#dataset, this.#robot);
    let done = 0;
    // As many sessions at a time as the policy has rows: each row is as if it were alone.
    for (let at = 0; at < sessions.length; at += this.#policy.rows) {
      const some = sessions.slice(at, at + this.#policy.rows);
      await Promise.all(some.map((session) => this.#ask(session, () => seen(++done, answers))));
    }
    const { equal, dofs } = this.#differences.result();
    return { sessions: sessions.length, answers: done, equal, refused: this.#refused, leftOut, dofs };
  }

  async #ask({ key, frames, answers }: RecordedSession, answered: () => void): Promise<void> {
    const session = this.#policy.session(this.#robot, { seed: key.seed });
    const { smoothing } = this.#how;
    const ensemble = smoothing === null ? null : new TemporalEnsemble(smoothing, this.#robot);
    for (const [at, place] of frames.entries()) {
      const table: EpisodeTable = await this.#dataset.table(place.episode);
      const { observation, prompt } = await readFrame(this.#dataset, this.#robot, table, place);
      session.see(observation);
      const recorded = answers.get(at);
      if (recorded === undefined) continue;
      const { waiting } = recorded;
      const goesOn = waiting !== null && ensemble === null;
      const request = goesOn ? session.askAfter(prompt, waiting) : session.ask(prompt);
      const asked = { ...request, noise: { ...request.noise, episode: key.episode } };
      const chunk = await this.#batcher.act(asked);
      const steps = waiting?.carriedOut ?? 0;
      const safe = this.#guarded(ensemble?.smoothed(chunk, steps) ?? chunk.actions, observation.state);
      ensemble?.keep(chunk, steps);
      if (safe !== null) this.#differences.add(recorded.actions, safe);
      // What the robot went on with is what it was given then.
      session.keep({ ...chunk, actions: recorded.actions }, at);
      answered();
    }
  }

  #guarded(actions: ActionRows, state: readonly number[] | Float64Array) {
    try {
      return guarded(actions, state, { robot: this.#robot, rules: this.#how.rules }).actions;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#refused++;
      return null;
    }
  }
}
