import { z } from "zod";
import { chosenConventionsSchema } from "../checkpoint/conventions.ts";
import { promptFormats } from "../codec/prompt-format.ts";
import { tokenizerFolderSchema } from "../codec/tokenizer-file.ts";
import { reductions } from "../loss/reduction.ts";
import type { Part } from "../policy/head/form.ts";
import { reads } from "../policy/prefixes.ts";
import { grootSizeOf, type Variant, variantNames, variants } from "../policy/variant.ts";
import { longestHistory } from "../policy/video.ts";
import { supervisionRules } from "../validity/supervised.ts";
import { answerProblems, answerSchema } from "./answer-schema.ts";
import { batchSchema, shapeProblems } from "./batch-schema.ts";
import { dataSchema } from "./data-schema.ts";
import { delayProblem } from "./delay.ts";
import { lossWeightProblems, lossWeightsSchema } from "./loss-weights.ts";
import { optimizerSchema } from "./optimizer-schema.ts";
import { machineMisfits, precisionSchema } from "./precision.ts";
import { pictureMarksSchema, policySizeSchema, queriesMisfit, sizeMisfit } from "./size-schema.ts";
import { promptMisfit } from "./text.ts";

const natural = z.int().nonnegative();
const count = z.int().positive();
const decay = z.number().min(0).lt(1);

const validationSchema = z.strictObject({
  /** Steps between validations; 0 for none. */
  everySteps: natural,
  /** Rows of one program; its numbers do not depend on the training batch. */
  microBatch: z.int().min(2),
  /** Share of the episodes that is held out of datasets whose role is "both". */
  ratio: z.number().gt(0).lt(1),
  /** At most this many of each dataset and control mode, evenly spaced; or all that are held out. */
  framesPerMember: z.union([z.literal("all"), count]),
  /** Draws of noise and time per sample. */
  draws: count,
  /** Which weights are validated: the parameters, or their exponential moving averages. */
  weights: z.enum(["parameters", "ema"]),
});

const policySchema = z.strictObject({
  variant: z.enum(variantNames),
  /** One of the variant's sizes by its name, or one of its own, which weights from elsewhere bring. */
  size: policySizeSchema,
  /** What a head with a decoder for each part decodes: disjoint sets of action slots; `null` for one part of every slot. */
  parts: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: "small letters, digits and dashes" }),
        slots: z.array(natural).min(1),
      }) satisfies z.ZodType<Part>,
    )
    .min(1)
    .nullable(),
  /** What is learnt beside weights that stay as they are (LoRA); a policy without the key learns all that is not frozen. */
  adapters: z
    .strictObject({ rank: count, alpha: z.number().positive(), below: z.array(z.string().min(1)).min(1) })
    .optional(),
  /** Camera views in the policy's order; a robot without one of them has an absent view. */
  views: z.array(z.string().min(1)),
  /** Steps of an action chunk. */
  actionHorizon: count,
  /** Slots for dofs and for state entries: no robot of the mixture may be wider. */
  actionWidth: count,
  stateWidth: count,
  promptTokens: count,
  /** Tokens of a response, which a dataset's mapping names a column of; may be missing: then responses are neither read nor learnt. */
  responseTokens: count.optional(),
  /** What the loss of each objective is multiplied by; 1 where a key is missing. */
  lossWeights: lossWeightsSchema.optional(),
  /** Share of the training samples whose response is dropped; none where it is missing. */
  responseDropout: decay.optional(),
  /** Tokens of what is known of an episode, for a variant that reads it; where it is missing, as many as π0.7 has. */
  metadataTokens: count.optional(),
  /** How instructions are worded; may be missing: as the variant does. Weights from elsewhere may bring another way. */
  prompt: z.enum(promptFormats).optional(),
  /** What makes tokens of prompts: bytes, where the key is missing, or a tokenizer of Hugging Face's in a folder. */
  tokenizer: z.union([z.literal("bytes"), tokenizerFolderSchema]).optional(),
  /** Rows of the table of tokens, where they are not those of its tokenizer: weights from elsewhere bring theirs. */
  vocabulary: count.optional(),
  /** Of a variant that says its actions; may be missing: then each coefficient is a token of its own, and coarse. */
  actionTokens: answerSchema.optional(),
  /** Euler steps from noise to actions, where they are not the variant's. */
  integrationSteps: count.optional(),
  /** Of a chunk's first steps, how many training gives as they are, at most (see `askedSteps`); may be missing: none. */
  maxDelay: natural.optional(),
  /** Tokens that stand around each picture, by their numbers in the table, where there are any. */
  pictureMarks: pictureMarksSchema.optional(),
  /** Observation slots (1: only now), the frames between two, and how often history is dropped in training. */
  history: z.strictObject({ slots: count, interval: count, dropout: decay }),
});

const rolloutSchema = z.strictObject({
  /** Steps between rollouts inside training, of the weights that are validated; 0 for none. */
  everySteps: natural,
  /** Simulated robots, and the datasets whose robots they are to the policy; `null` where only one fits. */
  robots: z.array(z.strictObject({ name: z.string().min(1), dataset: z.string().min(1).nullable() })).min(1),
  /** Of each robot; where several ranks train, all of them within the minutes that a rank waits. */
  episodes: count,
  /** Starts and noise follow from it. */
  seed: natural,
  /** Execution horizon, in steps of a chunk; `null` for half of the chunk. */
  execute: count.nullable(),
  /** Inference delay, in steps: from the request for a chunk to its first action that is carried out. */
  delay: natural,
  /** The most robots that are simulated at the same time. */
  sideBySide: count,
});

/**
 * Every key of a recipe. None has a default, so a missing key is an error, but for `rollout`, which changes no number of a run, and the keys
 * of `data` by which a user lets something pass that is refused without them. Others that may be missing say what holds then.
 */
export const recipeSchema = z
  .strictObject({
    /** Names the run's folder. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: "small letters, digits and dashes" }),
    seed: natural,
    /** Threads of the runtime per rank. */
    threads: count,
    device: z.enum(["cpu", "cuda", "webgpu"]),
    /** In what the gradient program multiplies matrices: float32 where it is absent, or bf16, by OpenVINO on a processor that has it. */
    precision: precisionSchema.optional(),
    /** What the loss is divided by. */
    reduction: z.enum(reductions),
    /** Which real cells teach. */
    supervision: z.enum(supervisionRules),
    /** What the weights are trained under beside that; `soundConventions`, unless they come from elsewhere. */
    conventions: chosenConventionsSchema,
    data: dataSchema,
    batch: batchSchema,
    validation: validationSchema,
    policy: policySchema,
    optimizer: optimizerSchema,
    checkpoint: z.strictObject({ everySteps: count, keepLast: count }),
    /** Steps between audits inside training; 0 for none. */
    audit: z.strictObject({ everySteps: natural }),
    rollout: rolloutSchema.optional(),
  })
  .check(({ value, issues }) => {
    for (const { path, message } of misfits(value)) issues.push({ code: "custom", path, message, input: value });
  });

/** All that determines a run's numbers, but for the data: plain data. */
export type Recipe = Immutable<z.infer<typeof recipeSchema>>;

/** A dataset of a recipe. */
export type RecipeDataset = Recipe["data"]["datasets"][number];

type Immutable<T> = { readonly [K in keyof T]: Immutable<T[K]> };

interface Misfit {
  readonly path: string[];
  readonly message: string;
}

/** Values that are each allowed and do not go together. */
function misfits(recipe: Recipe): Misfit[] {
  const kinds = [
    scheduleMisfits,
    sizeMisfits,
    promptMisfits,
    viewMisfits,
    historyMisfits,
    headMisfits,
    partMisfits,
    teachingMisfits,
    sightMisfits,
    answerMisfits,
    responseMisfits,
    weightMisfits,
    delayMisfits,
    shapeMisfits,
    machineMisfits,
  ];
  return kinds.flatMap((misfitsIn) => misfitsIn(recipe));
}

function scheduleMisfits({ optimizer, validation }: Recipe): Misfit[] {
  const { schedule, steps, warmup, peak, final, ema } = optimizer;
  const found: Misfit[] = [];
  if (warmup >= steps)
    found.push({
      path: ["optimizer", "warmup"],
      message: `expected fewer than optimizer.steps (${steps}), got ${warmup}`,
    });
  if (final > peak || (schedule === "constant" && final !== peak))
    found.push({
      path: ["optimizer", "final"],
      message: `expected ${schedule === "constant" ? "optimizer.peak" : "at most optimizer.peak"} (${peak}), got ${final}`,
    });
  if (validation.weights === "ema" && ema === null)
    found.push({
      path: ["validation", "weights"],
      message: 'expected "parameters" where optimizer.ema is null, got "ema"',
    });
  return found;
}

function sizeMisfits({ policy: { variant, size, actionHorizon } }: Recipe): Misfit[] {
  const row: Variant = variants[variant];
  const message = sizeMisfit(row.head, size);
  if (message !== null) return [{ path: ["policy", "size"], message }];
  const queries = typeof size === "string" ? null : queriesMisfit(variant, size.vision.queries);
  if (queries !== null) return [{ path: ["policy", "size"], message: queries }];
  if (row.head !== "groot") return [];
  const { places } = grootSizeOf(row, size).dit;
  if (places === null || actionHorizon <= places) return [];
  const expected = `expected at most ${places}, which the table of places of policy.size has, got ${actionHorizon}`;
  return [{ path: ["policy", "actionHorizon"], message: expected }];
}

function promptMisfits({ policy }: Recipe): Misfit[] {
  const message = promptMisfit(policy);
  return message === null ? [] : [{ path: ["policy", "prompt"], message }];
}

function viewMisfits({ policy: { views } }: Recipe): Misfit[] {
  const again = repeated(views);
  return again === undefined
    ? []
    : [{ path: ["policy", "views"], message: `expected each view once, got "${again}" again` }];
}

function historyMisfits({ policy: { history } }: Recipe): Misfit[] {
  if (history.slots <= longestHistory) return [];
  const message = `expected at most ${longestHistory}, which offsets in time tell apart, got ${history.slots}`;
  return [{ path: ["policy", "history", "slots"], message }];
}

/** π0's supervision rule has cells teach that a head with decoders by part does not predict. */
function headMisfits({ policy: { variant }, supervision }: Recipe): Misfit[] {
  if (variants[variant].head !== "groot" || supervision !== "asReleasedPi") return [];
  const message = `expected "allReal" or "moving" with policy.variant "${variant}", got "${supervision}"`;
  return [{ path: ["supervision"], message }];
}

function partMisfits({ policy: { parts, actionWidth } }: Recipe): Misfit[] {
  const path = ["policy", "parts"];
  const slots = (parts ?? []).flatMap((part) => part.slots);
  const outside = slots.find((slot) => slot >= actionWidth);
  const again = repeated(slots) ?? repeated((parts ?? []).map(({ name }) => name));
  const found: Misfit[] = [];
  if (outside !== undefined)
    found.push({ path, message: `expected slots below policy.actionWidth (${actionWidth}), got ${outside}` });
  if (again !== undefined)
    found.push({ path, message: `expected each name and each slot once, got ${JSON.stringify(again)} again` });
  return found;
}

/** π0's supervision rule has every step teach, past the end as well, whatever else is said of those steps. */
function teachingMisfits({ supervision, conventions: { pastEnd } }: Recipe): Misfit[] {
  if (supervision !== "asReleasedPi" || pastEnd === "taught") return [];
  const message = `expected "allReal" or "moving" where conventions.pastEnd is "${pastEnd}", got "asReleasedPi"`;
  return [{ path: ["supervision"], message }];
}

/** A causal policy reads no step past the end, so what stands there does not matter to it. */
function sightMisfits({ conventions: { actionSight, pastEnd } }: Recipe): Misfit[] {
  if (actionSight === "both" || pastEnd === "hidden") return [];
  const message = `expected "hidden" where conventions.actionSight is "causal", got "${pastEnd}"`;
  return [{ path: ["conventions", "pastEnd"], message }];
}

function answerMisfits({ policy: { variant, actionTokens } }: Recipe): Misfit[] {
  return answerProblems(variant, actionTokens).map((message) => ({ path: ["policy", "actionTokens"], message }));
}

function weightMisfits({ policy }: Recipe): Misfit[] {
  return lossWeightProblems(policy).map(([kind, message]) => ({ path: ["policy", "lossWeights", kind], message }));
}

/** A policy without room for responses in its prefix would never read them. */
function responseMisfits({ policy, data }: Recipe): Misfit[] {
  const { variant, responseTokens, responseDropout } = policy;
  const row: Variant = variants[variant];
  const misfit = (key: string, message: string): Misfit[] => [{ path: ["policy", key], message }];
  if (responseTokens === undefined && responseDropout !== undefined)
    return misfit("responseDropout", `expected policy.responseTokens as well, got a share of ${responseDropout} alone`);
  if (responseTokens === undefined) return [];
  if (!reads(row, "response"))
    return misfit(
      "responseTokens",
      `expected none with policy.variant "${variant}", which reads none, got ${responseTokens}`,
    );
  if (data.datasets.length === 0 || data.datasets.some(({ mapping }) => mapping.response !== undefined)) return [];
  return misfit("responseTokens", "expected a dataset whose mapping names a column of responses, got none");
}

function delayMisfits({ policy }: Recipe): Misfit[] {
  const message = delayProblem(policy);
  return message === null ? [] : [{ path: ["policy", "maxDelay"], message }];
}

function shapeMisfits(recipe: Recipe): Misfit[] {
  return shapeProblems(recipe).map((message) => ({ path: ["batch", "shapes"], message }));
}

function repeated<T>(values: readonly T[]): T | undefined {
  return values.find((value, at) => values.indexOf(value) !== at);
}
