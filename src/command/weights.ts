import { weightKinds } from "../objective/integer-weights.ts";
import { choice, otherwise } from "./parameter.ts";

/** What a policy that acts holds its weights as. */
export const weightsOption = otherwise(
  choice("kind", "what products read of its weights: as they were trained, or as 8-bit integers", weightKinds),
  weightKinds[0],
);
