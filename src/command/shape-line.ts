import type { BatchShape } from "../batch/shape.ts";
import type { ShapePlan } from "../training/shape-plan.ts";
import { significant } from "./progress.ts";

/** What a step computes that no row needs, in one shape and in shapes that fit, on one line; the way that a run goes comes first. */
export function shapeLine({ shapes, padding }: Pick<ShapePlan, "shapes" | "padding">, chosen: "one" | "fit"): string {
  const share = (part: number) => `${significant(100 * part)} %`;
  const listed = `${shapes.length} ${shapes.length === 1 ? "shape" : "shapes"} (${shapes.map(described).join(" · ")})`;
  return chosen === "fit"
    ? `compute: ${share(padding.fit)} of a step's products are padding, in ${listed}; in one for all rows ${share(padding.one)}`
    : `compute: ${share(padding.one)} of a step's products are padding; --set batch.shapes=fit leaves ${share(padding.fit)}, in ${listed}`;
}

function described({ views, observations, tokens }: BatchShape): string {
  const slots = observations === 1 ? [] : [`${observations} slots`];
  return [views === 0 ? "no view" : `${views} ${views === 1 ? "view" : "views"}`, ...slots, `${tokens} tokens`].join(
    " ",
  );
}

/** The same for programs. */
export function shapesAsJson({ shapes, padding }: Pick<ShapePlan, "shapes" | "padding">) {
  return { shapes: shapes.map(({ views, observations, tokens }) => ({ views, observations, tokens })), padding };
}
