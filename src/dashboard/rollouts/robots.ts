import type { Normalization } from "../../embodiment/normalize.ts";
import type { UnrealInput } from "../../flow/path.ts";
import { InputError } from "../../input-error.ts";
import { timeDirectionOf, variants } from "../../policy/variant.ts";
import { conventionsOf, layoutOf } from "../../recipe/plan.ts";
import { type FoundPolicy, findPolicy } from "../../serving/load.ts";
import type { PolicyReading } from "../../serving/perceive.ts";
import { policyReading } from "../../serving/policy.ts";
import type { ServedRobot } from "../../serving/robot.ts";
import { type PlannedRollout, planRollout, type RolloutChoice } from "../../serving/roll-out.ts";
import { fittingRobot } from "../../serving/simulated.ts";
import type { Design } from "../../simulation/design.ts";
import type { RobotOptions } from "../../simulation/environment.ts";
import { robots as designs } from "../../simulation/robots.ts";
import { rolloutSeed } from "../../simulation/seed.ts";
import { RequestRefused } from "../refused.ts";

/** A robot of a policy, and whether it can be simulated. */
export interface RolloutRobotJson {
  readonly dataset: string;
  readonly controlMode: string;
  readonly dofs: number;
  /** Name of the simulated robot that it is; `null` where it is none. */
  readonly design: string | null;
  /** What it is to do. */
  readonly summary: string;
  /** Why it cannot act in the page; `null` where it can. */
  readonly problem: string | null;
}

/** A robot as a page runs it: numbers of its normalisation as plain arrays. */
export interface PlainRobot extends Omit<ServedRobot, "units" | "seen"> {
  readonly units: { readonly action: PlainUnits; readonly state: PlainUnits };
}

interface PlainUnits extends Pick<Normalization, "mode"> {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/** All that a page has to know, beside the exported program, to let a policy act for a simulated robot as `rollout` does. */
export interface LiveRobotJson {
  readonly robot: PlainRobot;
  readonly design: string;
  readonly options: RobotOptions;
  readonly reading: PolicyReading;
  readonly unrealInput: UnrealInput;
  readonly execution: PlannedRollout["execution"];
  /** Of the starts and the noise, where nobody says another. */
  readonly seed: number;
  /** Of the checkpoint. */
  readonly step: number;
}

/** The robots of a policy, in its own order. */
export function rolloutRobots(policy: FoundPolicy): RolloutRobotJson[] {
  return policy.robots.map((robot) => {
    const design = designOf(robot);
    const { dataset, embodiment } = robot;
    return {
      dataset,
      controlMode: embodiment.controlMode,
      dofs: embodiment.dofs.length,
      design: design?.name ?? null,
      summary: design?.summary ?? "no simulated robot has its dofs, states, cameras and rate",
      problem: liveProblem(policy),
    };
  });
}

/** How a robot of a policy is rolled out, as the command does where nothing else is asked for. */
export function rolloutChoiceOf(
  policy: FoundPolicy,
  number: number,
  { episodes, seed }: Pick<RolloutChoice, "episodes" | "seed">,
): RolloutChoice {
  const robot = policy.robots[number];
  if (robot === undefined)
    throw new RequestRefused(404, `expected one of ${policy.robots.length} robots, counted from 0, got ${number}`);
  const design = designOf(robot);
  if (design === null) throw new InputError(`${robot.name}: expected a robot that is simulated, got another`);
  const options = (fitting: RobotOptions) => fitting;
  const common = { execute: null, delay: 0, sideBySide: 32, films: null };
  return { design, options, dataset: robot.dataset, episodes, seed, ...common };
}

/** @throws InputError where a page cannot run it */
export async function liveRobot(run: string, number: number): Promise<LiveRobotJson> {
  const policy = await findPolicy(run);
  const choice = rolloutChoiceOf(policy, number, { episodes: 1, seed: rolloutSeed });
  const problem = liveProblem(policy);
  if (problem !== null) throw new InputError(`${run}: ${problem}`);
  const { served, execution, options } = planRollout(policy, choice);
  const { units, seen: _, ...robot } = served;
  return {
    robot: { ...robot, units: { action: plain(units.action), state: plain(units.state) } },
    design: choice.design.name,
    options,
    reading: policyReading(policy.recipe, layoutOf(policy.recipe, 1)),
    unrealInput: conventionsOf(policy.recipe).unrealInput,
    execution,
    seed: choice.seed,
    step: policy.step,
  };
}

/** The name by which `exportOnnx` knows a robot of a policy. */
export function exportName({ dataset, embodiment }: ServedRobot): string {
  return `${dataset} / ${embodiment.controlMode}`;
}

/** The simulated robot that a robot of a policy is; `null` where it is none. */
function designOf(robot: ServedRobot): Design | null {
  return designs.find((design) => fits(robot, design)) ?? null;
}

function fits(robot: ServedRobot, design: Design): boolean {
  try {
    fittingRobot([robot], design, null);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

/** Why no robot of a policy can act in the page. */
function liveProblem({ recipe }: FoundPolicy): string | null {
  const { tokenizer, vocabulary, variant } = recipe.policy;
  if (timeDirectionOf(variants[variant]) === "none")
    return `expected a policy whose flow makes actions, got "${variant}", which says them as tokens; armature rollout runs it`;
  const readsBytes = tokenizer === "bytes" || (tokenizer === undefined && vocabulary === undefined);
  if (readsBytes) return null;
  return "expected a policy that reads its prompt as bytes, got one with a tokenizer of its own; armature rollout runs it";
}

function plain({ mode, center, scale }: Normalization): PlainUnits {
  return { mode, center: [...center], scale: [...scale] };
}
