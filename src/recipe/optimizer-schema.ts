import { z } from "zod";
import type { AdamW } from "../optimizer/adamw.ts";
import type { TrainingChoice } from "../optimizer/freeze.ts";
import { momentForms } from "../optimizer/moment-form.ts";
import type { RateChoice } from "../optimizer/rate.ts";
import type { Schedule } from "../optimizer/schedule.ts";
import { trainedPartNames } from "../policy/trained-part.ts";

const natural = z.int().nonnegative();
const count = z.int().positive();
const rate = z.number().refine((factor) => factor > 0, {
  error: ({ input }) => `expected a factor above 0, got ${input}; freeze by optimizer.train or optimizer.frozen`,
});
const decay = z.number().min(0).lt(1);

/** What a recipe says of the optimizer: how the learning rate goes, AdamW's own numbers, and which parameters train. */
export const optimizerSchema = z.strictObject({
  schedule: z.enum(["cosine", "constant"]),
  /** Length of the schedule; also of the run, unless --steps says otherwise. */
  steps: count,
  warmup: natural,
  peak: z.number().positive(),
  final: z.number().nonnegative(),
  betas: z.tuple([decay, decay]),
  epsilon: z.number().positive(),
  weightDecay: z.number().nonnegative(),
  /** Largest global norm of the gradient. */
  clip: z.number().positive(),
  /** How the means of the gradient and of its square are kept between steps; without the key, as float32. */
  moments: z.enum(momentForms).optional(),
  /** Share of the old average that each step keeps; `null` keeps no averages. */
  ema: decay.nullable(),
  /** Which part trains, by its name or by prefixes of the names of parameters; without the key, all that is not frozen. */
  train: z.union([z.enum(trainedPartNames), z.array(z.string().min(1)).min(1)]).optional(),
  /** Prefixes of the names of parameters that are frozen. */
  frozen: z.array(z.string().min(1)),
  /** Factors of the learning rate, by a part or prefixes of the names of parameters; without the key, all learn at one rate. */
  rates: z.record(z.string().min(1), rate).optional(),
}) satisfies z.ZodType<Schedule & AdamW & TrainingChoice & RateChoice>;
