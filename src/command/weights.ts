import { InputError } from "../input-error.ts";
import { weightKinds } from "../objective/integer-weights.ts";
import { choice, otherwise } from "./parameter.ts";

const kinds = choice(
  "kind",
  "what products read of its weights: as they were trained, or as 8-bit integers",
  weightKinds,
);

/** What a policy that acts holds its weights as. */
export const weightsOption = otherwise({ ...kinds, read: kindOf }, weightKinds[0]);

/** @throws InputError where it is none; of bfloat16 it says why */
function kindOf(texts: readonly string[], shown: string) {
  const given = texts.at(-1) ?? "";
  if (/^(bf16|bfloat16)$/i.test(given))
    throw new InputError(
      `${shown}: expected ${weightKinds.join(" or ")}, got "${given}": ONNX Runtime has no products of it on processors, where each would be made ` +
        "float32 first; take int8 for less time and memory",
    );
  return kinds.read(texts, shown);
}
