import { join } from "node:path";
import type { PromptFormat } from "../../codec/prompt-format.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { SupervisionRule } from "../../validity/supervised.ts";
import { textOf } from "./foreign-file.ts";
import type { ForeignPolicy } from "./imported.ts";
import { lerobotConfigSchema } from "./lerobot-config.ts";
import { lerobotProcessors } from "./lerobot-processors.ts";
import { type ForeignRobot, lerobotRobot, viewsOf } from "./lerobot-robot.ts";
import { type ForeignNormalization, unknownNormalization } from "./normalization.ts";
import { openpiRobot } from "./openpi-statistics.ts";
import { opentauNormalization, type Tensors } from "./opentau-norms.ts";
import { jsonOf } from "./tensor-source.ts";

/** The robot that a policy of another project was trained for, and how its vectors are normalised. */
export interface KnownRobot {
  readonly robot: ForeignRobot;
  readonly normalization: ForeignNormalization;
  /** How prompts are worded; `null` where its variant says it. */
  readonly prompt: PromptFormat | null;
  /** Which cells taught its weights. */
  readonly supervision: SupervisionRule;
}

/**
 * What a folder's files say of the robot of its policy; of files that say nothing, one as wide as the policy.
 *
 * @throws InputError as `lerobotProcessors` and `openpiRobot`, or where statistics are wider than the policy
 */
export async function readForeignRobot(source: Tensors, policy: ForeignPolicy): Promise<KnownRobot> {
  const known = await robotOf(source, policy);
  const { action, state } = known.robot;
  const [dofs, states] = [action.names.length, state?.names.length ?? 0];
  if (dofs > policy.actionWidth || states > policy.stateWidth)
    throw new InputError(
      `${source.folder}: expected at most ${policy.actionWidth} actions and ${policy.stateWidth} states, for which its weights have room, got ` +
        `${dofs} and ${states}`,
    );
  return known;
}

async function robotOf(source: Tensors, policy: ForeignPolicy): Promise<KnownRobot> {
  const { folder } = source;
  const where = join(folder, "config.json");
  const text = (await textOf(where)) ?? "{}";
  const config = jsonOf(where, text);
  if (typeof config === "object" && config !== null && "input_features" in config) {
    const robot = lerobotRobot(where, parseInput(where, lerobotConfigSchema, config));
    if (policy.norms !== undefined) {
      const normalization = await opentauNormalization(where, config, { source, robot, norms: policy.norms });
      return { robot, normalization, prompt: policy.prompt ?? null, supervision: "allReal" };
    }
    const found = await lerobotProcessors(folder, robot);
    const none = { normalization: unknownNormalization(folder, robot), prompt: null };
    return { robot, ...(found ?? none), supervision: "allReal" };
  }
  // openpi's loss is over dims that no robot has as well; LeRobot cuts them off.
  const supervision = policy.conventions.pastEnd === "taught" ? "asReleasedPi" : "allReal";
  const prompt = policy.variant === "pi0" ? ("pi0" as const) : null;
  return { ...((await openpiRobot(folder, policy)) ?? asWideAs(folder, policy)), supervision, prompt };
}

function asWideAs(
  folder: string,
  { actionWidth, stateWidth, cameras }: ForeignPolicy,
): Omit<KnownRobot, "supervision" | "prompt"> {
  const column = (key: string, width: number) => {
    return { key, names: Array.from({ length: width }, (_, at) => `${key}.${at}`) };
  };
  const robot: ForeignRobot = {
    state: stateWidth === 0 ? null : column("state", stateWidth),
    action: column("action", actionWidth),
    cameras: viewsOf(cameras),
  };
  return { robot, normalization: unknownNormalization(folder, robot) };
}
