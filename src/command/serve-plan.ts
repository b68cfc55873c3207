import { resolve } from "node:path";
import type { Device } from "../graph/runtime/device.ts";
import { chunkingOf } from "../serving/chunking.ts";
import type { BrokenAnswers } from "../serving/said.ts";
import type { CommandValues } from "./parameter.ts";
import { type AccessGiven, accessOf } from "./serve-access.ts";
import { keysOf, type LerobotGiven, lerobotOf } from "./serve-keys.ts";
import { checkRecording, type RecordGiven, recordedRobots } from "./serve-record.ts";
import { type ruleOptions, rulesFor, safetyGiven } from "./serve-rules.ts";
import { type sessionOptions, sessionsGiven } from "./serve-sessions.ts";
import { checkMeasuring, type WeightsGiven } from "./serve-weights.ts";

/** What of the options of `serve` may contradict itself, or what is served. */
export interface ServeGiven
  extends AccessGiven,
    LerobotGiven,
    RecordGiven,
    WeightsGiven,
    CommandValues<typeof ruleOptions>,
    CommandValues<typeof sessionOptions> {
  readonly run: string;
  readonly keys: string;
  readonly robots: number;
  readonly lanes: number;
  readonly brokenAnswers: BrokenAnswers;
  readonly device: Device | null;
}

/**
 * What is served and how, checked against each other and what a checkpoint says of itself, before its weights are read.
 *
 * @throws InputError where options contradict each other or the policy, or there is none
 */
export async function servingPlan(given: ServeGiven) {
  checkMeasuring(given);
  checkRecording(given);
  const own = { keys: await keysOf(given.keys), lerobot: await lerobotOf(given), ...(await accessOf(given)) };
  const safety = await safetyGiven(given);
  const { checkChoice, checkRows, findPolicy, actingOn } = await import("../serving/load.ts");
  const found = actingOn(await findPolicy(resolve(given.run)), given.device);
  const { recipe, machine, robots } = found;
  const { robots: rows, lanes, brokenAnswers, weights: weightKind, chunking } = given;
  const steps = recipe.policy.actionHorizon;
  const choice = { rows, steps, machine, lanes, brokenAnswers, weightKind, chunking: chunkingOf(chunking) };
  checkRows(found, rows);
  await checkChoice(found, choice);
  const sessions = sessionsGiven(given, { steps, recipe });
  const rules = rulesFor(safety, robots);
  const how = { brokenAnswers, chunking, weights: weightKind, smoothing: sessions.smoothing ?? undefined, safety };
  const recorded = await recordedRobots(given, { ...found, rows, steps }, how);
  return { ...own, found, choice, sessions, rules, recorded };
}
