import { z } from "zod";
import type { HeadName } from "../policy/head/form.ts";
import type { PictureMarks } from "../policy/picture-mark.ts";
import {
  type DitSize,
  type FlowSize,
  type GrootSize,
  type InterleavedSize,
  type MotionSize,
  type PolicySize,
  policySizeNames,
  type SizeChoice,
  type TrunkSize,
  type VisionSize,
} from "../policy/size.ts";
import { type VariantName, variants } from "../policy/variant.ts";

const count = z.int().positive();

const trunk = z.strictObject({
  width: count,
  layers: count,
  mlp: count,
  heads: count,
  keyHeads: count,
  headWidth: count,
}) satisfies z.ZodType<TrunkSize>;

const interleaved = trunk.extend({ jointEvery: z.int().nonnegative() }) satisfies z.ZodType<InterleavedSize>;

const odd = z
  .int()
  .positive()
  .refine((value) => value % 2 === 1, "expected an odd number");

const motion = z.strictObject({
  after: z.int().nonnegative(),
  slots: odd,
  side: odd,
  width: count,
  extracted: count,
  fused: count,
}) satisfies z.ZodType<MotionSize>;

const vision = z.strictObject({
  picture: count,
  patch: count,
  square: count,
  queries: count.optional(),
  width: count,
  layers: count,
  mlp: count,
  heads: count,
  temporalEvery: count,
  motion: motion.optional(),
}) satisfies z.ZodType<VisionSize>;

const dit = z.strictObject({
  width: count,
  layers: count,
  mlp: count,
  heads: count,
  headWidth: count,
  state: count,
  decoder: count,
  condition: count,
  output: count,
  features: z.strictObject({ layers: count, mlp: count, heads: count, headWidth: count }).nullable(),
  future: z.int().nonnegative(),
  places: count.nullable(),
  textEvery: count.nullable(),
}) satisfies z.ZodType<DitSize>;

const tokens = z.array(z.int().nonnegative());

/** Tokens around each picture. */
export const pictureMarksSchema = z.strictObject({
  before: tokens,
  after: tokens,
  ofAbsent: z.enum(["hidden", "read"]),
}) satisfies z.ZodType<PictureMarks>;

/** A variant's size by its name, or one of its own. */
export const policySizeSchema = z.union([
  z.enum(policySizeNames),
  z.strictObject({ vision, backbone: trunk, expert: z.union([trunk, interleaved]) }) satisfies z.ZodType<FlowSize>,
  z.strictObject({ vision, backbone: trunk, dit }) satisfies z.ZodType<GrootSize>,
  z.strictObject({ vision, backbone: trunk }) satisfies z.ZodType<PolicySize>,
]) satisfies z.ZodType<SizeChoice>;

/** Why a policy with a head cannot have a size; `null` where it can. */
export function sizeMisfit(head: HeadName, size: SizeChoice): string | null {
  if (typeof size === "string") return null;
  const { picture, patch, width, heads } = size.vision;
  if (picture % patch !== 0)
    return `expected vision.picture to be a multiple of vision.patch (${patch}), got ${picture}`;
  if (width % heads !== 0) return `expected vision.width to be a multiple of vision.heads (${heads}), got ${width}`;
  const found = "dit" in size ? 'a "dit"' : "expert" in size ? 'an "expert"' : "nothing behind the backbone";
  if (head === "none")
    return "dit" in size || "expert" in size ? `expected nothing behind the backbone, got ${found}` : null;
  if (head === "groot") return "dit" in size ? null : `expected a "dit", got ${found}`;
  if (!("expert" in size)) return `expected an "expert", got ${found}`;
  const shared = ["layers", "heads", "keyHeads", "headWidth"] as const;
  const other = shared.find((name) => size.expert[name] !== size.backbone[name]);
  if (other === undefined) return null;
  return `expected expert.${other} to be backbone.${other} (${size.backbone[other]}), since the expert reads its keys, got ${size.expert[other]}`;
}

/** Queries belong to a size of a policy whose connector has some, and to no other. */
export function queriesMisfit(name: VariantName, queries: number | undefined): string | null {
  const { kind } = variants[name].tower.connector;
  const named = `with policy.variant "${name}"`;
  if (kind === "queries")
    return queries === undefined
      ? `expected vision.queries ${named}, whose pictures are as many tokens, got none`
      : null;
  return queries === undefined ? null : `expected no vision.queries ${named}, whose connector has none, got ${queries}`;
}
