import type { FlowInput } from "../flow/path.ts";
import type { TimeEmbedding } from "../flow/time.ts";
import type { SymbolicArray } from "../graph/array.ts";
import type { Scope } from "../nn/parameter.ts";
import { flowVelocity } from "./head/flow.ts";
import type { Head } from "./head/form.ts";
import { grootVelocity } from "./head/groot.ts";
import type { Perceived } from "./head/perceived.ts";
import type { Observation } from "./inputs.ts";
import { prefixStream } from "./prefix.ts";
import type { PolicySize } from "./size.ts";
import { runTrunk } from "./trunk.ts";
import type { Variant } from "./variant.ts";

/** What a policy is built from, beside its weights. */
export interface PolicyForm {
  readonly variant: Variant;
  readonly size: PolicySize;
  readonly vocabulary: number;
  readonly head: Head;
}

/** Pictures and prompt through the backbone. */
export function perceive(scope: Scope, form: PolicyForm, observation: Observation): Perceived {
  const stream = prefixStream(scope, { ...form, prefix: form.variant.prefix }, observation);
  return { observation, stream, ...runTrunk(scope.in("backbone"), form.size.backbone, stream, []) };
}

/**
 * The velocity of the flow at noisy actions.
 *
 * @returns `[b t d]`; cells that are not real mean nothing
 */
export function velocity(
  scope: Scope,
  { size, head }: PolicyForm,
  perceived: Perceived,
  input: FlowInput,
): SymbolicArray<"b t d"> {
  switch (head.kind) {
    case "flow":
      return flowVelocity(scope, { size: size.expert, head }, perceived, input);
    case "groot":
      return grootVelocity(scope.in("groot"), { size: size.dit, head }, perceived, input);
  }
}

/** How the policy's head takes the time of the flow. */
export function timeEmbeddingOf({ size, head }: PolicyForm): TimeEmbedding {
  switch (head.kind) {
    case "flow":
      return { kind: "continuous", width: size.expert.width };
    case "groot":
      return { kind: "buckets", tokens: size.dit.width, condition: size.dit.condition };
  }
}
