import type { SymbolicArray } from "../../graph/array.ts";
import type { KeyValue } from "../../nn/layer.ts";
import type { Observation } from "../inputs.ts";
import type { TokenStream } from "../stream.ts";

/** An observation after the backbone: all that the flow reads of it, computed once per observation. */
export interface Perceived {
  readonly observation: Observation;
  readonly stream: TokenStream;
  /** The stream's tokens as they came out, normalised. */
  readonly tokens: SymbolicArray<"b n e">;
  readonly cache: readonly KeyValue[];
  /** Whose state a head may know in training, `[b]`; `null` where it always may. */
  readonly stateKept: SymbolicArray<"b", "bool"> | null;
}
