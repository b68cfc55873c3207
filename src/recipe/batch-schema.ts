import { z } from "zod";
import type { Conventions } from "../checkpoint/conventions.ts";
import { recomputes } from "../objective/objective.ts";
import type { PictureMarks } from "../policy/picture-mark.ts";

const count = z.int().positive();

/** How a global batch is computed. */
export const batchSchema = z.strictObject({
  /** Samples per step over all micro-batches and ranks. */
  size: count,
  /** The most rows of one program; a micro-batch with fewer samples is filled up. */
  microBatch: count,
  /** What the gradient computes twice, for memory: "blocks" keeps of each layer what others read. Without the key, nothing. */
  recompute: z.enum(recomputes).optional(),
  /**
   * In which shapes rows are computed: "one" has room for the most cameras, the longest prompt and all history in every row; "fit" deals rows to
   * micro-batches by what they need. Without the key, one.
   */
  shapes: z.enum(["one", "fit"]).optional(),
});

interface Given {
  readonly batch: Pick<z.infer<typeof batchSchema>, "shapes">;
  readonly policy: { readonly pictureMarks?: Pick<PictureMarks, "ofAbsent"> | undefined };
  readonly conventions: Pick<Conventions, "crossAttentionKeys">;
}

/** Why rows cannot be computed in shapes that fit: weights that read what does not exist are another function in another shape. */
export function shapeProblems({ batch, policy, conventions: { crossAttentionKeys } }: Given): string[] {
  if (batch.shapes !== "fit") return [];
  const problem = (key: string, value: string) =>
    `expected "one" where ${key} is "${value}", as weights do that read what does not exist, got "fit"`;
  return [
    ...(crossAttentionKeys === "real" ? [] : [problem("conventions.crossAttentionKeys", crossAttentionKeys)]),
    ...(policy.pictureMarks?.ofAbsent === "read" ? [problem("policy.pictureMarks.ofAbsent", "read")] : []),
  ];
}
