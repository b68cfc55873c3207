import { weightKinds } from "../objective/weight-kind.ts";
import { choice, otherwise } from "./parameter.ts";

/** What products of a policy that acts read of its weights. */
export const weightsOption = otherwise(
  choice(
    "kind",
    "what products read of its weights: as they were trained, as 8-bit integers, or rounded to bfloat16 (by OpenVINO)",
    weightKinds,
  ),
  weightKinds[0],
);
