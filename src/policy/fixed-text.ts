import { constant } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny, max } from "../graph/op/align.ts";
import { cast, not } from "../graph/op/select.ts";
import { rename } from "../graph/op/shape.ts";
import { SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import type { Observation, SymbolicFacts } from "./inputs.ts";

/** The fixed texts of a prefix, by their tokens. */
export type Texts = ReadonlyMap<string, readonly number[]>;

/**
 * Of which samples a fixed text is a part: of all, of those that have a response, metadata or a subgoal, of those that have `any` of
 * the three, or of those that have `none`. What other samples have is no matter.
 */
export type TextOf = "all" | "response" | "metadata" | "subgoal" | "any" | "none";

/**
 * The tokens of a fixed text, once for every sample, and the samples of which it is a part.
 *
 * @returns ids `[b n]`, and which of them exist
 * @throws RangeError where the policy was built without the tokens of its texts
 */
export function fixedText(texts: Texts, text: string, of: TextOf, { facts }: Pick<Observation, "facts">) {
  const tokens = texts.get(text);
  if (tokens === undefined || tokens.length === 0)
    throw new RangeError(`fixedText: expected the tokens of ${JSON.stringify(text)}, got none`);
  const [rows = 0] = facts.rowReal.isReal.shape;
  const shape = [rows, tokens.length];
  const every = Int32Array.from({ length: rows * tokens.length }, (_, at) => tokens[at % tokens.length]!);
  const real = samplesOf(of, facts).reshaped((bits) => alignAny(bits, { axes: "b n", shape, type: "bool" } as const));
  return { ids: constant(new HostArray("b n", shape, "int32", every)), real };
}

/** `[b]`: the samples of which such a text is a part. */
function samplesOf(of: TextOf, facts: SymbolicFacts): SymbolicValidity<"b"> {
  const { rowReal, responseReal, metadataReal, subgoalReal } = facts;
  const { shape } = rowReal.isReal;
  const found = {
    response: anyOf(responseReal.reshaped((bits) => rename(bits, "r", "n"))),
    metadata: anyOf(metadataReal.reshaped((bits) => rename(bits, "z", "n"))),
    subgoal: anyOf(subgoalReal.reshaped((bits) => rename(bits, "x", "n"))),
  };
  switch (of) {
    case "all":
      return rowReal;
    case "any":
      return SymbolicValidity.some("b", shape, Object.values(found));
    case "none": {
      const lacking = SymbolicValidity.some("b", shape, Object.values(found)).reshaped(not);
      return SymbolicValidity.every("b", shape, [rowReal, lacking]);
    }
    default:
      return found[of];
  }
}

/** `[b]`: rows of which some place exists. */
function anyOf(real: SymbolicValidity<"b n">): SymbolicValidity<"b"> {
  const [rows = 0, places = 0] = real.isReal.shape;
  if (places === 0) return SymbolicValidity.fixed(Validity.of("b", [rows], new Uint8Array(rows)));
  return real.reshaped((bits) => cast(max(cast(bits, "float32"), "b"), "bool"));
}
