import { join } from "node:path";
import { z } from "zod";
import type { PromptFormat } from "../../codec/prompt-format.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import { readSafetensors } from "../safetensors.ts";
import { textOf } from "./foreign-file.ts";
import type { ForeignColumn, ForeignRobot } from "./lerobot-robot.ts";
import { type ForeignNormalization, foreignNormalization, unknownNormalization } from "./normalization.ts";
import type { GivenStatistics } from "./statistics.ts";
import { jsonOf } from "./tensor-source.ts";

const stepSchema = z.object({
  registry_name: z.string(),
  config: z.record(z.string(), z.unknown()),
  state_file: z.string().optional(),
});
const processorSchema = z.object({ name: z.string(), steps: z.array(stepSchema) });

const modes = { MEAN_STD: "mean-std", MIN_MAX: "min-max", QUANTILES: "quantile", IDENTITY: "identity" } as const;
const modeSchema = z.enum(["MEAN_STD", "MIN_MAX", "QUANTILES", "IDENTITY"]);
const normalizerSchema = z.object({
  eps: z.number().positive(),
  /** Of the observations, these alone; all of them where it is missing. */
  normalize_observation_keys: z.array(z.string()).nullish(),
  norm_map: z.object({ VISUAL: z.literal("IDENTITY").optional(), STATE: modeSchema.optional(), ACTION: modeSchema }),
});

/** Steps that change no number, or whose work a policy here does by itself: it encodes its prompt, and forms its batches. */
const plainSteps = [
  "rename_observations_processor",
  "to_batch_processor",
  "device_processor",
  "tokenizer_processor",
  "action_tokenizer_processor",
];

/** How a step words the prompt. */
const wordingSteps = new Map<string, PromptFormat>([
  ["pi0_new_line_processor", "smolvla"],
  ["smolvla_new_line_processor", "smolvla"],
  ["pi05_prepare_state_tokenizer_processor_step", "pi05"],
  ["pi0_fast_prepare_state_tokenizer_processor_step", "pi0_fast"],
]);

/** Steps that make actions relative to the state, and absolute again. */
const relativeSteps = ["relative_actions_processor", "absolute_actions_processor"];

const normalizers = ["normalizer_processor", "unnormalizer_processor"];

type Step = z.infer<typeof stepSchema>;

/** What a folder's processors do around its policy. */
export interface LerobotProcessors {
  readonly normalization: ForeignNormalization;
  /** How they word the prompt; `null` where they leave it as it is. */
  readonly prompt: PromptFormat | null;
}

/**
 * How a folder's processors normalise, with what, and how they word prompts; `null` where it has no processors.
 *
 * A vector without statistics is left as it is there, and so it is here.
 *
 * @throws InputError naming a step that is not known, statistics of another width, and processors that do not undo each other
 * @source LeRobot `processor/normalize_processor.py`
 */
export async function lerobotProcessors(folder: string, robot: ForeignRobot): Promise<LerobotProcessors | null> {
  const before = await stepsOf(folder, "policy_preprocessor.json");
  const after = await stepsOf(folder, "policy_postprocessor.json");
  if (before === null && after === null) return null;
  if (before === null || after === null)
    throw new InputError(
      `${folder}: expected policy_preprocessor.json and policy_postprocessor.json, got ${before === null ? "the second" : "the first"} alone`,
    );
  const [first, last] = [await normalizerOf(folder, before, robot), await normalizerOf(folder, after, robot)];
  const prompt =
    before.map(({ registry_name: name }) => wordingSteps.get(name)).find((one) => one !== undefined) ?? null;
  if (first === null && last === null) return { normalization: unknownNormalization(folder, robot), prompt };
  if (first === null || last === null || !undoes(first, last))
    throw new InputError(
      `${folder}: expected a postprocessor that undoes what the preprocessor does to "${robot.action.key}", got another`,
    );
  return { normalization: first, prompt };
}

async function stepsOf(folder: string, file: string): Promise<Step[] | null> {
  const path = join(folder, file);
  const text = await textOf(path);
  if (text === null) return null;
  const { steps } = parseInput(path, processorSchema, jsonOf(path, text));
  const known = [...plainSteps, ...wordingSteps.keys(), ...relativeSteps, ...normalizers];
  for (const { registry_name: step, config } of steps) {
    if (!known.includes(step)) throw new InputError(`${path}: expected steps that are known here, got "${step}"`);
    if (relativeSteps.includes(step) && config.enabled === true)
      throw new InputError(`${path}: expected absolute actions, got actions relative to the state ("${step}")`);
  }
  return steps;
}

async function normalizerOf(
  folder: string,
  steps: readonly Step[],
  robot: ForeignRobot,
): Promise<ForeignNormalization | null> {
  const [step, ...more] = steps.filter(({ registry_name: name }) => normalizers.includes(name));
  if (step === undefined) return null;
  if (more.length > 0)
    throw new InputError(`${folder}: expected one step of a processor that normalises, got ${more.length + 1}`);
  const { registry_name: name, state_file: file } = step;
  const where = join(folder, file ?? name);
  const { eps, norm_map, normalize_observation_keys: only } = parseInput(where, normalizerSchema, step.config);
  const given = file === undefined ? new Map<string, GivenStatistics>() : await statisticsIn(where);
  const vector = (column: ForeignColumn | null, mode: keyof typeof modes) => {
    return { column, mode: modes[mode], given: given.get(column?.key ?? "") ?? new Map<string, readonly number[]>() };
  };
  const isNormalized = only?.includes(robot.state?.key ?? "") ?? true;
  const vectors = {
    state: vector(robot.state, isNormalized ? (norm_map.STATE ?? "IDENTITY") : "IDENTITY"),
    action: vector(robot.action, norm_map.ACTION),
  };
  return foreignNormalization(where, eps, vectors);
}

/** Statistics by vector: a file names each `vector.statistic`. */
async function statisticsIn(path: string): Promise<Map<string, GivenStatistics>> {
  const found = new Map<string, Map<string, readonly number[]>>();
  for (const [name, { cells }] of await readSafetensors(path)) {
    const at = name.lastIndexOf(".");
    const own = found.get(name.slice(0, at)) ?? new Map<string, readonly number[]>();
    own.set(name.slice(at + 1), Array.from(cells, Number));
    found.set(name.slice(0, at), own);
  }
  return found;
}

/** Whether two processors say the same of actions. */
function undoes(one: ForeignNormalization, other: ForeignNormalization): boolean {
  const said = ({ modes, epsilon, action }: ForeignNormalization) =>
    JSON.stringify([
      modes.action,
      epsilon,
      Object.values(action).map((cells) => (typeof cells === "number" ? 0 : [...cells])),
    ]);
  return said(one) === said(other);
}
