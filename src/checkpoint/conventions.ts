import { z } from "zod";
import {
  coincidingQuantilesNames,
  type NormalizationConvention,
  soundNormalization,
  zeroRanges,
} from "../embodiment/normalize.ts";
import { type Letterbox, letterboxes } from "../embodiment/picture.ts";
import { unrealInputs } from "../flow/path.ts";
import { timeDirections } from "../flow/time.ts";
import { InputError } from "../input-error.ts";
import { reductions } from "../loss/reduction.ts";
import { actionSights, crossAttentionKeys, pastEnds } from "../policy/head/form.ts";
import { supervisionRules } from "../validity/supervised.ts";
import { type ConventionName, conventionNames } from "./convention-name.ts";

/**
 * What weights were trained under and cannot show: used under another convention they give finite, wrong actions.
 *
 * No member has a default but the last: whoever writes weights, or imports them, says each of them.
 */
export const conventionsSchema = z.strictObject({
  /** Where on the path noise stands: time 1 in π0 and openpi, time 0 in GR00T; `none` where there is no flow. */
  timeDirection: z.enum([...timeDirections, "none"]),
  /** What cells that do not exist hold on the flow's input side. */
  unrealInput: z.enum(unrealInputs),
  /** The rule that says which real cells teach; `asReleasedPi` let unreal ones teach too. */
  supervision: z.enum(supervisionRules),
  /** Which steps of its chunk an action step reads: itself and earlier ones, or all, as released π0 and GR00T weights do. */
  actionSight: z.enum(actionSights),
  /** What training made of the steps past an episode's end; released π0 weights were taught a copy of the last action there. */
  pastEnd: z.enum(pastEnds),
  /** Which tokens a cross-attending action head sees; upstream's receives the mask and drops it. */
  crossAttentionKeys: z.enum(crossAttentionKeys),
  /** What the loss is divided by: cells over the global batch, or each sample by its own and then by samples. */
  reduction: z.enum(reductions),
  /** Added to the standard deviation or range that a value is divided by. */
  normalizationEpsilon: z.number().nonnegative(),
  /** What a real dof that never changes normalises to: 0, or whatever the division by epsilon gives. */
  zeroRange: z.enum(zeroRanges),
  /** What quantiles that coincide give way to where the extremes do not: those, or the division by epsilon. */
  coincidingQuantiles: z.enum(coincidingQuantilesNames),
  /** How pictures become squares. May be missing: in the middle and antialiased, as every policy has them that was trained here. */
  letterbox: z.enum(letterboxes).optional(),
} satisfies Record<ConventionName, z.ZodType>);

export type Conventions = Readonly<z.infer<typeof conventionsSchema>>;

/** Those that a recipe says by themselves; the others follow from its policy, supervision and reduction. */
export const chosenConventionsSchema = conventionsSchema.omit({
  timeDirection: true,
  supervision: true,
  reduction: true,
});

/** What new weights are trained under: nothing that does not exist is seen, what exists is no hint, and nothing divides by almost nothing. */
export const soundConventions = {
  unrealInput: "zero",
  actionSight: "causal",
  pastEnd: "hidden",
  crossAttentionKeys: "real",
  normalizationEpsilon: soundNormalization.epsilon,
  zeroRange: soundNormalization.zeroRange,
  coincidingQuantiles: soundNormalization.coincidingQuantiles,
} as const satisfies z.infer<typeof chosenConventionsSchema>;

/** How pictures become squares under some conventions. */
export function letterboxOf({ letterbox }: Pick<Conventions, "letterbox">): Letterbox {
  return letterbox ?? "antialiased-centred";
}

/** How normalisation divides under some conventions. */
export function normalizationConventionOf(
  conventions: z.infer<typeof chosenConventionsSchema>,
): NormalizationConvention {
  const { normalizationEpsilon: epsilon, zeroRange, coincidingQuantiles } = conventions;
  return { epsilon, zeroRange, coincidingQuantiles };
}

/**
 * Stops weights from running under conventions that they were not trained under.
 *
 * @param found what the weights were trained under
 * @param expected what the program would run them under
 * @param allowed names of conventions that may differ, because the user asked for it
 * @throws InputError listing every difference that is not allowed
 */
export function checkConventions(
  where: string,
  found: Conventions,
  expected: Conventions,
  allowed: ReadonlySet<ConventionName>,
): void {
  const [own, wanted] = [found, expected].map((one) => ({ ...one, letterbox: letterboxOf(one) }));
  const differences = conventionNames
    .filter((name) => own![name] !== wanted![name] && !allowed.has(name))
    .map((name) => `${name} ${JSON.stringify(wanted![name])} (trained under ${JSON.stringify(own![name])})`);
  if (differences.length > 0)
    throw new InputError(
      `${where}: expected weights trained under ${differences.join(", ")}; ` +
        "run them under their own conventions, or allow each difference by its name",
    );
}
