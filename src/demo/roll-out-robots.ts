import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Played } from "../dashboard/demo-story.ts";
import { loadLibav } from "../dataset/libav.ts";
import { makeFolder } from "../make-folder.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { FoundPolicy } from "../serving/load.ts";
import { type PolicyRollouts, rollOutFound } from "../serving/roll-out.ts";
import { findRobot } from "../simulation/robots.ts";
import type { Rollout } from "../simulation/rollout.ts";
import { rolloutSeed } from "../simulation/seed.ts";
import type { Bar, Phases } from "./phases.ts";
import { optionsFor } from "./record-robots.ts";

export interface RobotRollouts {
  readonly policy: FoundPolicy;
  /** `null`: those of the policy's checkpoint. */
  readonly weights: ParameterValues | null;
  /** Of each robot. */
  readonly starts: number;
  /** The first so many are filmed, where the package that writes videos is installed. */
  readonly filmed: number;
  /** For the films. */
  readonly folder: string;
  /** What a bar says of these weights: "untrained". */
  readonly label: string;
}

/** Lets weights steer every robot of a policy from the same starts. */
export async function rollOutRobots(request: RobotRollouts, phases: Phases): Promise<PolicyRollouts[]> {
  const { policy, weights, starts, filmed, folder, label } = request;
  const films = (await loadLibav()) === null ? null : { folder, episodes: filmed };
  if (films !== null) await makeFolder(folder);
  const found: PolicyRollouts[] = [];
  for (const { dataset } of policy.robots) {
    const bar = phases.display.bar(`roll out ${dataset}, ${label}`, "episode", starts);
    const choice = {
      design: findRobot(dataset),
      options: optionsFor(policy.recipe),
      dataset,
      episodes: starts,
      seed: rolloutSeed,
      films,
      execute: policy.recipe.rollout?.execute ?? null,
      delay: 0,
      sideBySide: 32,
    };
    found.push(await rollOutFound(policy, weights, choice, watch(bar, phases)));
    bar.finish();
  }
  return found;
}

function watch(bar: Bar, { isStopped }: Phases) {
  let [done, successes] = [0, 0];
  const finished = ({ isSuccess }: Rollout) => {
    if (isSuccess) successes++;
    bar.update(++done, { successes: String(successes) });
  };
  return { finished, isStopped };
}

/** Rollouts as pages show them, films read into memory. */
export async function playedOf({
  rollouts,
  successes,
  score,
  films,
}: Pick<PolicyRollouts, "rollouts" | "successes" | "score" | "films">): Promise<Played> {
  if (score === null) throw new RangeError("playedOf: expected rollouts, got none");
  const read = films.map(async (path, at) => ({
    episode: rollouts[at]?.episode ?? at,
    isSuccess: rollouts[at]?.isSuccess === true,
    mp4: new Uint8Array(await readFile(path)),
  }));
  return { successes, score, films: await Promise.all(read) };
}

/** The folder of films of some weights. */
export function filmFolder(folder: string, label: string): string {
  return join(folder, "films", label);
}
